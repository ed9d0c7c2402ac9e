//! What an application leaves to the rules of its two radios.
//!
//! The vectors' device in `tests` and the fuzz targets use this file, too.

/// Methods of an `Application` with the fields `wifi` and `thread`, which know the answers themselves; `heard` is for one that has
/// `networks`, `thread_networks` and a `progress`.
macro_rules! by_the_radios {
    (heard) => {
        fn wifi_scan_progress(&mut self) -> Result<ScanProgress, StatusCode> {
            Ok(self.progress(self.networks.len()))
        }

        fn wifi_scan_result(&mut self, index: u32) -> Option<AccessPoint> {
            self.networks.get(index as usize).cloned()
        }

        fn thread_scan_progress(&mut self) -> Result<ScanProgress, StatusCode> {
            Ok(self.progress(self.thread_networks.len()))
        }

        fn thread_scan_result(&mut self, index: u32) -> Option<ThreadNetwork> {
            self.thread_networks.get(index as usize).cloned()
        }
    };
    (apply and status) => {
        fn apply_wifi(&mut self) -> Result<(), StatusCode> {
            self.wifi.apply()
        }

        fn wifi_status(&mut self) -> Result<WifiStatus, StatusCode> {
            Ok(self.wifi.status())
        }

        fn apply_thread(&mut self) -> Result<(), StatusCode> {
            self.thread.apply()
        }

        fn thread_status(&mut self) -> Result<ThreadStatus, StatusCode> {
            Ok(self.thread.status())
        }
    };
    (reset and reprov) => {
        fn reset_wifi(&mut self) -> Result<(), StatusCode> {
            self.wifi.reset()
        }

        fn reprov_wifi(&mut self) -> Result<(), StatusCode> {
            self.wifi.reprov()
        }

        fn reset_thread(&mut self) -> Result<(), StatusCode> {
            self.thread.reset()
        }

        fn reprov_thread(&mut self) -> Result<(), StatusCode> {
            self.thread.reprov()
        }
    };
}
pub(crate) use by_the_radios;
