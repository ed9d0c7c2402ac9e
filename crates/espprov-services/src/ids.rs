//! The 16-bit ids of endpoints, as their Bluetooth characteristics carry them.

use espprov_transport::Endpoint;

/// The application's own ones follow from here, in the order they were created.
const FIRST_OWN: u16 = 0xff54;

/// Puts the id before each endpoint's name. For services that do not stand on an `espprov_device::Device`, which knows
/// them already.
///
/// ```
/// use espprov_services::with_ids;
/// let endpoints: Vec<_> = with_ids(["prov-session", "custom-data", "cloud"]).collect();
/// assert_eq!(endpoints, [(0xff51, "prov-session"), (0xff54, "custom-data"), (0xff55, "cloud")]);
/// ```
pub fn with_ids<'a>(names: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = (u16, &'a str)> {
    let mut own = FIRST_OWN;
    names.into_iter().map(move |name| {
        let known = Endpoint::BLE_IDS.into_iter().find(|(_, known)| *known == name);
        let standard = known.map(|(id, _)| id).filter(|id| *id < FIRST_OWN);
        let id = standard.unwrap_or(own);
        if standard.is_none() {
            own = own.saturating_add(1);
        }
        (id, name)
    })
}
