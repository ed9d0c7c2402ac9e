//! A btleplug peripheral that exists in memory only, and does what a test tells it.

use async_trait::async_trait;
use btleplug::api::{
    BDAddr, CharPropFlags, Characteristic, Descriptor, Peripheral, PeripheralProperties, Service,
    ValueNotification, WriteType,
};
use btleplug::platform::PeripheralId;
use btleplug::{Error, Result};
use core::pin::Pin;
use core::time::Duration;
use espprov_btleplug::uuids::{USER_DESCRIPTION, endpoint_uuid};
use futures::Stream;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// What the peripheral does next when asked to connect, write or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// As it should be.
    Fine,
    /// The platform reports this text.
    Fails(&'static str),
    /// The same, and the device hangs up a moment later.
    FailsAndHangsUp(&'static str),
    /// Nothing happens, ever.
    Hangs,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) connected: bool,
    pub(crate) hang_up_after: Option<u32>,
    pub(crate) connects: Vec<Step>,
    pub(crate) writes: Vec<Step>,
    pub(crate) reads: Vec<Step>,
    pub(crate) discovers: Vec<Step>,
    /// Every call, by name.
    pub(crate) calls: Vec<String>,
    pub(crate) service: Uuid,
    pub(crate) endpoints: Vec<(u16, Option<&'static str>)>,
    /// What comes back instead of every name: text, or an error of the platform.
    pub(crate) names: Option<core::result::Result<&'static [u8], &'static str>>,
    /// What was written last comes back,
    pub(crate) value: Vec<u8>,
    /// unless there is something else to say.
    pub(crate) answer: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Fake(pub(crate) Arc<Mutex<State>>);

impl Fake {
    pub(crate) fn new(service: Uuid) -> Self {
        Self(Arc::new(Mutex::new(State {
            service,
            endpoints: vec![
                (0xff51, Some("prov-session")),
                (0xff52, Some("prov-config")),
                (0xff53, Some("proto-ver")),
            ],
            ..State::default()
        })))
    }

    pub(crate) fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.0.lock().unwrap())
    }

    pub(crate) fn count(&self, call: &str) -> usize {
        self.with(|s| s.calls.iter().filter(|c| *c == call).count())
    }

    async fn step(&self, call: &str, plan: impl FnOnce(&mut State) -> &mut Vec<Step>) -> Result<()> {
        let step = self.with(|s| {
            s.calls.push(call.to_owned());
            let plan = plan(s);
            if plan.is_empty() {
                Step::Fine
            } else {
                plan.remove(0)
            }
        });
        match step {
            Step::Fine => Ok(()),
            Step::Fails(text) => Err(Error::RuntimeError(text.into())),
            Step::FailsAndHangsUp(text) => {
                self.with(|s| s.hang_up_after = Some(2));
                Err(Error::RuntimeError(text.into()))
            }
            Step::Hangs => core::future::pending().await,
        }
    }
}

#[async_trait]
impl Peripheral for Fake {
    fn id(&self) -> PeripheralId {
        unreachable!("a platform's identifier cannot be made up")
    }
    fn address(&self) -> BDAddr {
        [1; 6].into()
    }
    fn mtu(&self) -> u16 {
        256
    }
    async fn properties(&self) -> Result<Option<PeripheralProperties>> {
        Ok(None)
    }
    fn services(&self) -> BTreeSet<Service> {
        self.with(|s| {
            let service = s.service;
            let characteristics = s.endpoints.iter().map(|(id, name)| {
                let uuid = endpoint_uuid(service, *id);
                let descriptor = Descriptor {
                    uuid: USER_DESCRIPTION,
                    service_uuid: service,
                    characteristic_uuid: uuid,
                };
                Characteristic {
                    uuid,
                    service_uuid: service,
                    properties: CharPropFlags::READ | CharPropFlags::WRITE,
                    descriptors: name.map(|_| descriptor).into_iter().collect(),
                }
            });
            BTreeSet::from([Service {
                uuid: service,
                primary: true,
                characteristics: characteristics.collect(),
            }])
        })
    }
    async fn is_connected(&self) -> Result<bool> {
        Ok(self.with(|s| {
            if let Some(left) = &mut s.hang_up_after {
                *left = left.saturating_sub(1);
                s.connected &= *left > 0;
            }
            s.connected
        }))
    }
    async fn connect(&self) -> Result<()> {
        self.step("connect", |s| &mut s.connects).await?;
        self.with(|s| {
            s.connected = true;
            s.hang_up_after = None;
        });
        Ok(())
    }
    async fn disconnect(&self) -> Result<()> {
        // As slow as BlueZ.
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.with(|s| {
            s.calls.push("disconnect".into());
            s.connected = false;
        });
        Ok(())
    }
    async fn discover_services(&self) -> Result<()> {
        self.step("discover", |s| &mut s.discovers).await
    }
    async fn write(&self, _: &Characteristic, data: &[u8], kind: WriteType) -> Result<()> {
        assert_eq!(kind, WriteType::WithResponse);
        self.step("write", |s| &mut s.writes).await?;
        self.with(|s| s.value = data.to_vec());
        Ok(())
    }
    async fn read(&self, _: &Characteristic) -> Result<Vec<u8>> {
        self.step("read", |s| &mut s.reads).await?;
        Ok(self.with(|s| s.answer.clone().unwrap_or_else(|| s.value.clone())))
    }
    async fn subscribe(&self, _: &Characteristic) -> Result<()> {
        unreachable!("notifications are not needed")
    }
    async fn unsubscribe(&self, _: &Characteristic) -> Result<()> {
        unreachable!("notifications are not needed")
    }
    async fn notifications(&self) -> Result<Pin<Box<dyn Stream<Item = ValueNotification> + Send>>> {
        unreachable!("notifications are not needed")
    }
    async fn write_descriptor(&self, _: &Descriptor, _: &[u8]) -> Result<()> {
        unreachable!("no descriptor is written")
    }
    async fn read_descriptor(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        self.with(|s| {
            s.calls.push("read_descriptor".into());
            if let Some(instead) = s.names {
                return match instead {
                    Ok(name) => Ok(name.to_vec()),
                    Err(text) => Err(Error::RuntimeError(text.into())),
                };
            }
            let name = s
                .endpoints
                .iter()
                .find(|(id, _)| endpoint_uuid(s.service, *id) == descriptor.characteristic_uuid)
                .and_then(|(_, name)| *name)
                .unwrap_or_default();
            Ok(name.as_bytes().to_vec())
        })
    }
}
