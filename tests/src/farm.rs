//! Many simulated devices in this process, each on a port of its own, for tests of what drives many.

use core::sync::atomic::{AtomicU32, Ordering};
use espprov_simulator::{HttpServer, Scenario, Shared, SimDevice, SimEvent};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

/// What happened to a device.
#[derive(Debug, Default)]
pub struct Record {
    /// How often it was told to use credentials.
    pub applied: AtomicU32,
    /// How often it joined.
    pub joined: AtomicU32,
    /// How often it was told to use credentials though it had said that it is online.
    pub again: AtomicU32,
}

/// The devices; gone when this is dropped.
#[derive(Debug)]
pub struct Farm {
    /// `http://127.0.0.1:PORT` of each.
    pub urls: Vec<String>,
    /// What happened to each.
    pub records: Vec<Arc<Record>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Farm {
    /// So many devices of this scenario.
    ///
    /// # Panics
    /// When there are not enough ports.
    #[must_use]
    pub fn start(count: usize, scenario: &Scenario) -> Self {
        let records: Vec<Arc<Record>> = (0..count).map(|_| Arc::default()).collect();
        let (told, hear) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let (scenario, kept) = (scenario.clone(), records.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            let local = LocalSet::new();
            local.block_on(&runtime, async {
                for record in kept {
                    let device = watched(scenario.clone(), record);
                    let server = HttpServer::bind(("127.0.0.1", 0), Shared::new(device)).await;
                    let server = server.expect("a port");
                    let _ = told.send(format!("http://{}", server.local_addr().expect("an address")));
                    tokio::task::spawn_local(server.run());
                }
                let _ = stopped.await;
            });
        });
        let urls = (0..count).map(|_| hear.recv().expect("an address")).collect();
        Self {
            urls,
            records,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// How often a device was told to use credentials after it had said that it is online.
    #[must_use]
    pub fn told_again(&self) -> u32 {
        self.records
            .iter()
            .map(|record| record.again.load(Ordering::Relaxed))
            .sum()
    }
}

fn watched(scenario: Scenario, record: Arc<Record>) -> SimDevice {
    let mut device = espprov::target::sim_device(scenario).expect("a device");
    device.observe(move |_, event| match event {
        SimEvent::WifiApplied(_) => {
            record.applied.fetch_add(1, Ordering::Relaxed);
            if record.joined.load(Ordering::Relaxed) > 0 {
                record.again.fetch_add(1, Ordering::Relaxed);
            }
        }
        SimEvent::WifiConnected(..) => {
            record.joined.fetch_add(1, Ordering::Relaxed);
        }
        _ => {}
    });
    device
}

impl Drop for Farm {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
