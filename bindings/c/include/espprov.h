/*
 * espprov: provisions ESP32 devices. Made by `cargo xtask codegen` from bindings/c/src: do not edit.
 *
 * Sans-IO: no callback, thread, socket or clock. The library says what to do on the link, the program does it.
 *
 *     EspprovConfig config = { .size = sizeof config, .pop = "abcd1234", .pop_len = ESPPROV_TEXT };
 *     EspprovDevice *device = espprov_new(&config);
 *     espprov_provision_wifi(device, "Home", ESPPROV_TEXT, "correct-horse", ESPPROV_TEXT);
 *     for (;;) {
 *         EspprovAction action = { .size = sizeof action };
 *         int32_t status = espprov_poll(device, now_ms(), &action);
 *         if (status == ESPPROV_EXCHANGE)
 *             // send action.request to action.endpoint, then espprov_reply or espprov_fault
 *         else if (status == ESPPROV_RECONNECT)
 *             // open the link, then espprov_reconnected or espprov_fault
 *         else if (status == ESPPROV_WAIT)
 *             // sleep until action.deadline_ms
 *         else if (status != ESPPROV_BUSY)
 *             break; // ESPPROV_DONE, ESPPROV_FAILED, or a negative number: a mistake in the program
 *     }
 *     espprov_free(device);
 *
 * Memory. What the library returns belongs to it. Pointers in actions, errors and answers live to the next call on the
 * same handle. What the program passes is copied, and what is secret of it is wiped, at the latest when the handle is freed.
 * Every struct begins with its size, set by the program: so programs and libraries of different versions understand each other.
 *
 * Threads. A handle is one thread's at a time; handles are independent of each other. Where two threads use a handle at once,
 * the later one gets ESPPROV_ERROR_THREAD. Freeing a handle that is in use, or was freed, is undefined.
 *
 * Misuse. A negative number, and the handle is as it was. Nothing aborts, nothing unwinds into the program.
 */

#ifndef ESPPROV_H
#define ESPPROV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/// As a length: the bytes are text that ends with a NUL, and the library counts them.
#define ESPPROV_TEXT SIZE_MAX

/// Version of this interface. Within one, functions and the ends of structs are added, and nothing else changes: compare
/// it with `espprov_abi_version()` where the library is loaded dynamically.
#define ESPPROV_ABI_VERSION 1

/// As a time: none.
#define ESPPROV_NEVER UINT64_MAX

/// For `espprov_scan_wifi`: the device listens only, and sends no probes.
#define ESPPROV_SCAN_PASSIVE 1

/// Done as asked.
#define ESPPROV_OK 0

/// From `espprov_poll`: the call is over; `espprov_get_…` gives its result.
#define ESPPROV_DONE 1

/// From `espprov_poll`: the call failed; `espprov_get_error` says why, and what to do.
#define ESPPROV_FAILED 2

/// From `espprov_poll`: send the request to the endpoint, then call `espprov_reply` or `espprov_fault`.
#define ESPPROV_EXCHANGE 3

/// From `espprov_poll`: open the link (again), then call `espprov_reconnected` or `espprov_fault`.
#define ESPPROV_RECONNECT 4

/// From `espprov_poll`: nothing to do until `deadline_ms`. Poll again then.
#define ESPPROV_WAIT 5

/// From `espprov_poll`: time went by in computing. Poll again, with the time as it is now.
#define ESPPROV_BUSY 6

/// A pointer is NULL that must not be.
#define ESPPROV_ERROR_NULL -1

/// An argument cannot be meant. Where a call was to be started, `espprov_get_error` says more.
#define ESPPROV_ERROR_ARGUMENT -2

/// The field `size` of a struct is not `sizeof` it, or the struct has newer fields than this library knows.
#define ESPPROV_ERROR_SIZE -3

/// Not now: no call is under way, another one is, or the last `espprov_poll` asked for something else.
#define ESPPROV_ERROR_ORDER -4

/// There is no such entry: the index is beyond the end.
#define ESPPROV_ERROR_INDEX -5

/// The last call has no such result: it was of another kind, is not over, or failed before.
#define ESPPROV_ERROR_NO_RESULT -6

/// The handle is in use on another thread right now. Nothing was done.
#define ESPPROV_ERROR_THREAD -7

/// There is no memory for a copy of the bytes.
#define ESPPROV_ERROR_MEMORY -8

/// A fault of this library; please report it. The handle is of no more use but to be freed.
#define ESPPROV_ERROR_PANIC -9

/// What kind of failure it was: what a program decides by.
enum EspprovClass
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /// None: there is no error.
  ESPPROV_CLASS_NONE = 0,
  /// Something that should not happen: report it.
  ESPPROV_CLASS_UNEXPECTED = 1,
  /// What was asked for cannot be meant: nothing was sent.
  ESPPROV_CLASS_USAGE = 2,
  /// No device there, or the link to it failed.
  ESPPROV_CLASS_LINK = 3,
  /// A wrong proof of possession, username or password.
  ESPPROV_CLASS_CREDENTIALS = 4,
  /// Refused on this side: what the device offers is less than what was allowed.
  ESPPROV_CLASS_POLICY = 5,
  /// The device refused a request.
  ESPPROV_CLASS_REFUSED = 6,
  /// The network did not let the device in.
  ESPPROV_CLASS_AUTH_FAILED = 7,
  /// The device does not find the network.
  ESPPROV_CLASS_NETWORK_NOT_FOUND = 8,
  /// Time was up.
  ESPPROV_CLASS_DEADLINE = 9,
  /// The device may have taken the credentials, and was lost before it said so.
  ESPPROV_CLASS_UNCONFIRMED = 10,
  /// Somebody wanted it to end.
  ESPPROV_CLASS_INTERRUPTED = 11,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum EspprovClass EspprovClass;
#else
typedef int32_t EspprovClass;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/// Whether trying again may help.
enum EspprovRetry
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /// It cannot.
  ESPPROV_RETRY_NO = 0,
  /// It may, and nothing of the request itself had been sent.
  ESPPROV_RETRY_EARLY = 1,
  /// It may, and the device may have acted: only what can be repeated may be done again.
  ESPPROV_RETRY_LATE = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum EspprovRetry EspprovRetry;
#else
typedef int32_t EspprovRetry;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/// How a setup code says that the device is reached.
enum EspprovTransport
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /// In a way that this version has no number for.
  ESPPROV_TRANSPORT_UNKNOWN = 0,
  /// Bluetooth LE: `name` is the advertised one.
  ESPPROV_TRANSPORT_BLE = 1,
  /// The device's own Wi-Fi network: `name` is its SSID.
  ESPPROV_TRANSPORT_SOFTAP = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum EspprovTransport EspprovTransport;
#else
typedef int32_t EspprovTransport;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/// What happened, for programs that show progress.
enum EspprovEventKind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /// Something that this version has no number for.
  ESPPROV_EVENT_KIND_OTHER = 0,
  /// The device described itself: `espprov_get_info`.
  ESPPROV_EVENT_KIND_INFO = 1,
  /// A session is established; `number` is its scheme, -1 for none.
  ESPPROV_EVENT_KIND_SESSION = 2,
  /// The device took the credentials.
  ESPPROV_EVENT_KIND_CONFIG_SENT = 3,
  /// The device accepted to use them.
  ESPPROV_EVENT_KIND_CONFIG_APPLIED = 4,
  /// The device is still trying; `number` is how many attempts are left, -1 if it does not count.
  ESPPROV_EVENT_KIND_CONNECTING = 5,
  /// The link broke after the credentials were applied: trying to get it back.
  ESPPROV_EVENT_KIND_LINK_LOST = 6,
  /// An answer was lost though the device is there: it is asked again. See `restarted`.
  ESPPROV_EVENT_KIND_ANSWER_LOST = 7,
  /// The link is to be opened again.
  ESPPROV_EVENT_KIND_RECONNECTING = 8,
  /// Another client took the session over: trying again after a while.
  ESPPROV_EVENT_KIND_SESSION_TAKEN = 9,
  /// Somebody answers who is not the device that took the credentials.
  ESPPROV_EVENT_KIND_STRANGER = 10,
  /// A scan goes on; `number` networks so far.
  ESPPROV_EVENT_KIND_SCANNING = 11,
  /// `number` entries of a scan could not be read and are left out.
  ESPPROV_EVENT_KIND_ENTRIES_SKIPPED = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum EspprovEventKind EspprovEventKind;
#else
typedef int32_t EspprovEventKind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/// The step under way.
enum EspprovPhase
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /// None that is known.
  ESPPROV_PHASE_NONE = 0,
  /// Opening the link.
  ESPPROV_PHASE_CONNECT = 1,
  /// Asking for version and capabilities.
  ESPPROV_PHASE_INFO = 2,
  /// The handshake.
  ESPPROV_PHASE_HANDSHAKE = 3,
  /// Scanning for networks.
  ESPPROV_PHASE_SCAN = 4,
  /// Handing over credentials.
  ESPPROV_PHASE_SET = 5,
  /// Applying them.
  ESPPROV_PHASE_APPLY = 6,
  /// Asking what became of them.
  ESPPROV_PHASE_STATUS = 7,
  /// Resetting.
  ESPPROV_PHASE_CONTROL = 8,
  /// The application's data.
  ESPPROV_PHASE_DATA = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum EspprovPhase EspprovPhase;
#else
typedef int32_t EspprovPhase;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/// Where a device is with its network.
enum EspprovState
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /// Nothing is known.
  ESPPROV_STATE_UNKNOWN = 0,
  /// It is online: it said so.
  ESPPROV_STATE_CONNECTED = 1,
  /// It was joining, then went away as devices do that are online. Counts as success.
  ESPPROV_STATE_LIKELY_CONNECTED = 2,
  /// It may have taken the credentials, and was lost before it said what became of them.
  ESPPROV_STATE_UNCONFIRMED = 3,
  /// It is joining.
  ESPPROV_STATE_CONNECTING = 4,
  /// It is on no network, and tries none.
  ESPPROV_STATE_DISCONNECTED = 5,
  /// It could not join: see `reason`.
  ESPPROV_STATE_FAILED = 6,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum EspprovState EspprovState;
#else
typedef int32_t EspprovState;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/// Why a device could not join.
enum EspprovReason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /// It has not failed.
  ESPPROV_REASON_NONE = 0,
  /// The network refused it: a wrong passphrase, as a rule.
  ESPPROV_REASON_AUTH_ERROR = 1,
  /// It does not find the network.
  ESPPROV_REASON_NETWORK_NOT_FOUND = 2,
  /// It cannot use the Thread dataset.
  ESPPROV_REASON_DATASET_INVALID = 3,
  /// Another one.
  ESPPROV_REASON_UNKNOWN = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum EspprovReason EspprovReason;
#else
typedef int32_t EspprovReason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/// What the link is: how much it carries, how scans are asked for, and what errors advise.
enum EspprovLink
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /// Something else, without a known limit.
  ESPPROV_LINK_OTHER = 0,
  /// HTTP, as devices in SoftAP mode speak it.
  ESPPROV_LINK_HTTP = 1,
  /// Bluetooth LE. Values of 512 bytes; after the MTU is known, `espprov_set_limits`.
  ESPPROV_LINK_BLE = 2,
  /// A serial console. Lines of 254 characters, two for each byte.
  ESPPROV_LINK_SERIAL = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum EspprovLink EspprovLink;
#else
typedef int32_t EspprovLink;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/// Which security scheme is asked for. The numbers are not those of the schemes, so that none is meant by mistake.
enum EspprovSecurity
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /// What the device says, but never weaker than the credentials given.
  ESPPROV_SECURITY_AUTO = 0,
  /// Exactly security 0.
  ESPPROV_SECURITY_SEC0 = 10,
  /// Exactly security 1.
  ESPPROV_SECURITY_SEC1 = 11,
  /// Exactly security 2.
  ESPPROV_SECURITY_SEC2 = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum EspprovSecurity EspprovSecurity;
#else
typedef int32_t EspprovSecurity;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/// What happened to the link, for `espprov_fault`.
enum EspprovFault
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /// It broke, or could not be opened: reset, disconnected, out of reach.
  ESPPROV_FAULT_LOST = 1,
  /// No answer in time.
  ESPPROV_FAULT_TIMED_OUT = 2,
  /// The device refused without an answer, and the link is closed (HTTP: the connection was closed without a byte).
  ESPPROV_FAULT_REFUSED = 3,
  /// The device refused without an answer, and the link stands (HTTP 500, an ATT error).
  ESPPROV_FAULT_REFUSED_ALIVE = 4,
  /// The device has no such endpoint (HTTP 404, no such characteristic).
  ESPPROV_FAULT_NO_SUCH_ENDPOINT = 5,
  /// Another client came in between (HTTP: the connection had been closed since the session began).
  ESPPROV_FAULT_SESSION_TAKEN = 6,
  /// The link demands pairing first (Bluetooth LE).
  ESPPROV_FAULT_NEEDS_PAIRING = 7,
  /// What came back is not of this link's protocol: no ESP32 there?
  ESPPROV_FAULT_GARBLED = 8,
  /// Foreign text came among the answer or in its place (a console's log). The link is well.
  ESPPROV_FAULT_SPOILED = 9,
  /// The device restarted before it had answered.
  ESPPROV_FAULT_RESTARTED = 10,
  /// The link cannot carry a request of this length; nothing was sent.
  ESPPROV_FAULT_REQUEST_TOO_LARGE = 11,
  /// The link is not open.
  ESPPROV_FAULT_NOT_OPEN = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum EspprovFault EspprovFault;
#else
typedef int32_t EspprovFault;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/// What to do with the device's state, for `espprov_control`.
enum EspprovControl
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /// After a failed attempt: clear it.
  ESPPROV_CONTROL_RESET_WIFI = 1,
  /// After a success: take other credentials.
  ESPPROV_CONTROL_REPROV_WIFI = 2,
  /// As `ESPPROV_CONTROL_RESET_WIFI`, for Thread.
  ESPPROV_CONTROL_RESET_THREAD = 3,
  /// As `ESPPROV_CONTROL_REPROV_WIFI`, for Thread.
  ESPPROV_CONTROL_REPROV_THREAD = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum EspprovControl EspprovControl;
#else
typedef int32_t EspprovControl;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/// A device, the session with it and the call under way. Made by `espprov_new`; one thread's at a time.
typedef struct EspprovDevice EspprovDevice;

/// What opens a device, and what the link to it is. Set everything to zero, then `size` and what is known:
///
///     EspprovConfig config = { .size = sizeof config, .pop = "abcd1234", .pop_len = ESPPROV_TEXT };
///
/// All bytes are copied, and wiped with the handle. A credential that is NULL was not said, which is something else than
/// an empty one. Times that are 0 are the usual ones.
typedef struct EspprovConfig {
  /// `sizeof (EspprovConfig)`.
  size_t size;
  /// Proof of possession: security 1, and security 2 as its password. A device without one: `""` with `ESPPROV_TEXT`.
  const void *pop;
  /// Its bytes, or `ESPPROV_TEXT`.
  size_t pop_len;
  /// User name of security 2, if it is not the usual one.
  const void *username;
  /// Its bytes, or `ESPPROV_TEXT`.
  size_t username_len;
  /// Password of security 2.
  const void *password;
  /// Its bytes, or `ESPPROV_TEXT`.
  size_t password_len;
  /// The text of the code on the device, as scanned. What it says is held against what the device says.
  const void *setup_code;
  /// Its bytes, or `ESPPROV_TEXT`.
  size_t setup_code_len;
  /// An `EspprovSecurity`.
  int32_t security;
  /// An `EspprovLink`.
  int32_t link;
  /// Not 0: secrets may travel unencrypted to a device without security.
  uint8_t allow_plaintext;
  /// Longest request that the link carries; 0 = as the kind of link has it.
  size_t max_request;
  /// Longest reply that the link carries; 0 = as the kind of link has it.
  size_t max_response;
  /// Room for one request or reply; 0 = 16 KiB, which is more than any device sends.
  size_t buffer_len;
  /// How much of security 2's arithmetic one `espprov_poll` does, in its own unit (the whole is some 2150); 0 = all. For
  /// programs whose thread must not be held up for a tenth of a second: 100 gives some milliseconds.
  uint32_t compute_budget;
  /// Time to open the link.
  uint32_t connect_ms;
  /// Time for one exchange.
  uint32_t exchange_ms;
  /// Time for one exchange of the handshake.
  uint32_t handshake_ms;
  /// Time for a whole scan.
  uint32_t scan_ms;
  /// Time for one question while the device joins its network.
  uint32_t poll_ms;
  /// How long to look for a device that was lost after it took the credentials.
  uint32_t recover_ms;
  /// Time for the device to join its network.
  uint32_t connecting_ms;
  /// How long to try when another client takes the session over.
  uint32_t takeover_ms;
  /// FOR TESTS ONLY: these bytes instead of the system's random numbers, each used once. Whoever knows them reads
  /// everything that is sent. NULL for everybody else.
  const void *danger_test_entropy;
  /// Its bytes.
  size_t danger_test_entropy_len;
} EspprovConfig;

/// Why something failed, in words for people, and a code for programs. Holds no secret. The texts are UTF-8, end with a
/// NUL, and live to the next call on the handle.
typedef struct EspprovError {
  /// `sizeof (EspprovError)`.
  size_t size;
  /// What kind of failure it was.
  EspprovClass error_class;
  /// Whether trying again may help.
  EspprovRetry retry;
  /// A word for programs, such as `wrong_pop`. It stays the same from version to version.
  const char *code;
  /// What happened.
  const char *message;
  /// Why it probably did; empty where nobody knows.
  const char *cause;
  /// What to do next; may be empty.
  const char *help;
  /// A request or reply was too long: the bytes it takes. Else 0.
  size_t bytes_needed;
  /// A request was too long: the bytes there may be. Else 0.
  size_t bytes_limit;
} EspprovError;

/// What stands on a device, without its secrets: `espprov_new` takes the code itself.
typedef struct EspprovSetupCode {
  /// `sizeof (EspprovSetupCode)`.
  size_t size;
  /// The device's name.
  char name[36];
  /// How the device is reached.
  EspprovTransport transport;
  /// Number of the security scheme; -1 if the code does not say.
  int32_t security;
  /// There is a proof of possession in it.
  bool has_pop;
  /// The device is to join a Thread network.
  bool thread;
} EspprovSetupCode;

/// What to do next. Everything in it lives to the next call on the handle.
typedef struct EspprovAction {
  /// `sizeof (EspprovAction)`.
  size_t size;
  /// `ESPPROV_EXCHANGE`: the endpoint, such as `prov-session`; text that ends with a NUL. Else NULL.
  const char *endpoint;
  /// `ESPPROV_EXCHANGE`: the bytes to send. Else NULL.
  const void *request;
  /// How many.
  size_t request_len;
  /// When to give up, or until when to wait, in the caller's own time. `ESPPROV_NEVER`: there is no limit.
  uint64_t deadline_ms;
  /// `ESPPROV_RECONNECT`: the device must forget the session (HTTP: no cookie; a console: a new session).
  bool fresh_session;
} EspprovAction;

/// Something happened while a call was under way.
typedef struct EspprovEvent {
  /// `sizeof (EspprovEvent)`.
  size_t size;
  /// What happened.
  EspprovEventKind kind;
  /// The step under way, where that matters.
  EspprovPhase phase;
  /// A number that goes with the kind.
  int64_t number;
  /// The device restarted.
  bool restarted;
  /// Session: older firmware that uses one nonce for all records.
  bool nonce_reuse;
  /// Session: the device claims another patch level than it has.
  bool patch_mismatch;
  /// Session: whoever answered can test guesses of the PoP from now on.
  bool guessable_pop;
  /// Session: nothing proves who answered.
  bool unauthenticated;
} EspprovEvent;

/// What a device says about itself. Nothing proves it.
typedef struct EspprovInfo {
  /// `sizeof (EspprovInfo)`.
  size_t size;
  /// Version of the provisioning protocol, such as `v1.1` or `netprov-v1.2`.
  char version[36];
  /// Number of the security scheme it uses.
  int32_t security;
  /// The scheme's patch level, 0 if it does not say.
  int32_t patch;
  /// It has no security.
  bool no_sec;
  /// It has no proof of possession.
  bool no_pop;
  /// It can scan for Wi-Fi networks.
  bool wifi_scan;
  /// It takes Wi-Fi credentials.
  bool wifi_prov;
  /// It can scan for Thread networks.
  bool thread_scan;
  /// It takes a Thread dataset.
  bool thread_prov;
  /// Old firmware that tells nothing but its version.
  bool bare;
  /// Applications that describe themselves: `espprov_get_app`.
  size_t app_count;
} EspprovInfo;

/// What an application on the device says about itself.
typedef struct EspprovApp {
  /// `sizeof (EspprovApp)`.
  size_t size;
  /// Its name.
  char label[36];
  /// Its version.
  char version[36];
} EspprovApp;

/// A Wi-Fi network that the device hears.
typedef struct EspprovAccessPoint {
  /// `sizeof (EspprovAccessPoint)`.
  size_t size;
  /// Network name: any bytes, UTF-8 as a rule. A NUL follows. Empty: hidden.
  char ssid[33];
  /// How many bytes it has.
  uint8_t ssid_len;
  /// The access point's address.
  uint8_t bssid[6];
  /// Channel.
  uint32_t channel;
  /// Strength in dBm.
  int32_t rssi;
  /// How it authenticates, as the protocol numbers it.
  int32_t auth;
  /// The same in words, such as `WPA2`.
  char auth_name[24];
  /// It asks for a passphrase, or more.
  bool needs_secret;
  /// It asks for a user name, too: provisioning cannot give one.
  bool is_enterprise;
} EspprovAccessPoint;

/// A Thread network that the device hears.
typedef struct EspprovThreadNetwork {
  /// `sizeof (EspprovThreadNetwork)`.
  size_t size;
  /// Network name: any bytes, UTF-8 as a rule. A NUL follows.
  char name[17];
  /// How many bytes it has.
  uint8_t name_len;
  /// PAN id.
  uint16_t pan_id;
  /// Extended PAN id.
  uint8_t ext_pan_id[8];
  /// Extended address of who answered.
  uint8_t ext_addr[8];
  /// Channel.
  uint16_t channel;
  /// Strength in dBm.
  int32_t rssi;
  /// Link quality.
  uint32_t lqi;
} EspprovThreadNetwork;

/// Where a device is with its Wi-Fi network. After provisioning, following and asking for the status.
typedef struct EspprovWifi {
  /// `sizeof (EspprovWifi)`.
  size_t size;
  /// How far it has come.
  EspprovState state;
  /// Why it failed.
  EspprovReason reason;
  /// While it is joining: attempts left; -1 if it does not say.
  int64_t attempts_remaining;
  /// The network it is on: any bytes, and a NUL.
  char ssid[33];
  /// How many bytes it has.
  uint8_t ssid_len;
  /// The device said its address.
  bool has_ip;
  /// IPv4 address.
  uint8_t ip[4];
  /// The device said which access point it is on.
  bool has_bssid;
  /// The access point's address.
  uint8_t bssid[6];
  /// Channel; 0 if it does not say.
  int32_t channel;
  /// How the network authenticates, as the protocol numbers it.
  int32_t auth;
} EspprovWifi;

/// Where a device is with its Thread network. After provisioning, following and asking for the status.
typedef struct EspprovThread {
  /// `sizeof (EspprovThread)`.
  size_t size;
  /// How far it has come.
  EspprovState state;
  /// Why it failed.
  EspprovReason reason;
  /// The network it is on: any bytes, and a NUL.
  char name[17];
  /// How many bytes it has.
  uint8_t name_len;
  /// PAN id.
  uint16_t pan_id;
  /// The device said the extended PAN id.
  bool has_ext_pan_id;
  /// Extended PAN id.
  uint8_t ext_pan_id[8];
  /// Channel.
  uint16_t channel;
} EspprovThread;

/// An answer of the application. The bytes live to the next call on the handle.
typedef struct EspprovAnswer {
  /// `sizeof (EspprovAnswer)`.
  size_t size;
  /// Its bytes; never NULL.
  const void *data;
  /// How many; may be 0.
  size_t len;
} EspprovAnswer;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// Version of the interface that this library has: `ESPPROV_ABI_VERSION` of the header it was built with.
uint32_t espprov_abi_version(void);

/// Version of the library, such as `0.1.0`.
const char *espprov_version(void);

/// What a status means, in words: for a log, or an assertion that failed. Never NULL.
const char *espprov_status_text(int32_t status);

/// Makes a handle for the device at the other end of a link. The link counts as open: call `espprov_close` where it is not,
/// and the first action is `ESPPROV_RECONNECT`. NULL: `espprov_last_error` says why.
struct EspprovDevice *espprov_new(const struct EspprovConfig *config);

/// Wipes everything the handle knows and frees it. NULL is nothing.
void espprov_free(struct EspprovDevice *device);

/// Why the last `espprov_new` or `espprov_parse_setup_code` of this thread failed. The texts live to the next one on this
/// thread that fails.
int32_t espprov_last_error(struct EspprovError *error);

/// Reads the text of the code on a device: how to reach it, before there is a handle for it. Its secrets stay in it; give the
/// code itself to `espprov_new`. On `ESPPROV_ERROR_ARGUMENT` `espprov_last_error` says what it is instead.
int32_t espprov_parse_setup_code(const void *code,
                                 size_t code_len,
                                 struct EspprovSetupCode *setup);

/// The link has ended, or will: what is under way is given up, the session is over, and the next call begins with
/// `ESPPROV_RECONNECT`.
int32_t espprov_close(struct EspprovDevice *device);

/// Gives up the call under way. An exchange that had begun takes the session with it; else the session goes on.
int32_t espprov_cancel(struct EspprovDevice *device);

/// How much the link carries from now on, such as after its MTU is known; 0 leaves a size as it is.
int32_t espprov_set_limits(struct EspprovDevice *device, size_t max_request, size_t max_response);

/// Ends every step at this time, on top of the limits of the steps. `ESPPROV_NEVER`: no longer.
int32_t espprov_limit_total(struct EspprovDevice *device, uint64_t deadline_ms);

/// Asks the device what it is. Needs no credentials. Result: `espprov_get_info`.
int32_t espprov_info(struct EspprovDevice *device);

/// Begins the session now, to know whether the credentials are right. Every other call does it when it must.
int32_t espprov_connect(struct EspprovDevice *device);

/// Has the device look for Wi-Fi networks. `flags`: 0, or `ESPPROV_SCAN_PASSIVE`. Result: `espprov_count` and
/// `espprov_get_access_point`, strongest first as a rule.
int32_t espprov_scan_wifi(struct EspprovDevice *device,
                          uint32_t flags);

/// Has the device look for Thread networks. Result: `espprov_count` and `espprov_get_thread_network`.
int32_t espprov_scan_thread(struct EspprovDevice *device);

/// Gives the device a Wi-Fi network and follows it until it is online or gave up. No passphrase (NULL and 0): an open network. A
/// device that takes no Wi-Fi is sent nothing secret. Result: `espprov_get_wifi`, after a failure, too.
int32_t espprov_provision_wifi(struct EspprovDevice *device,
                               const void *ssid,
                               size_t ssid_len,
                               const void *passphrase,
                               size_t passphrase_len);

/// Gives the device a Thread network and follows it until it is attached or gave up. `dataset`: the active dataset as bytes
/// (TLVs). Result: `espprov_get_thread`, after a failure, too.
int32_t espprov_provision_thread(struct EspprovDevice *device,
                                 const void *dataset,
                                 size_t dataset_len);

/// Follows a device that has its Wi-Fi credentials until it is online or gave up. Result: `espprov_get_wifi`.
int32_t espprov_follow_wifi(struct EspprovDevice *device);

/// Follows a device that has its Thread dataset until it is attached or gave up. Result: `espprov_get_thread`.
int32_t espprov_follow_thread(struct EspprovDevice *device);

/// Asks where the device is with its Wi-Fi network. A device that is online takes the question as a sign that provisioning is
/// over. Result: `espprov_get_wifi`.
int32_t espprov_wifi_status(struct EspprovDevice *device);

/// Asks where the device is with its Thread network. Result: `espprov_get_thread`.
int32_t espprov_thread_status(struct EspprovDevice *device);

/// Clears a failed attempt, or has the device take other credentials: `action` is an `EspprovControl`.
int32_t espprov_control(struct EspprovDevice *device,
                        int32_t action);

/// Sends data to an endpoint of the application within the session; `endpoint` ends with a NUL, `custom-data` is the usual one.
/// `chunk`: cut it into pieces of so many bytes, each an exchange of its own; 0 = all in one. Result: `espprov_count` and `espprov_get_answer`, one for
/// each piece; after a failure, those that came before it.
int32_t espprov_send(struct EspprovDevice *device,
                     const char *endpoint,
                     const void *data,
                     size_t data_len,
                     size_t chunk);

/// Sends bytes as they are, past session and cipher: for endpoints that were registered without security. Past a session that
/// enciphers they disturb it: the next call starts another one. Result: `espprov_get_answer`.
int32_t espprov_send_raw(struct EspprovDevice *device,
                         const char *endpoint,
                         const void *data,
                         size_t data_len);

/// What to do next. `now_ms` is the caller's time, in milliseconds from any beginning within the last 500 years; it must not go back.
///
/// `ESPPROV_EXCHANGE`, `ESPPROV_RECONNECT` and `ESPPROV_WAIT` fill `action`. Polled again before there is an answer, it says the same again, and
/// from `deadline_ms` on it gives up by itself: a program with an event loop polls whenever it wakes up. `ESPPROV_BUSY`: poll
/// again. `ESPPROV_DONE` and `ESPPROV_FAILED`: the call is over.
int32_t espprov_poll(struct EspprovDevice *device,
                     uint64_t now_ms,
                     struct EspprovAction *action);

/// The request was handed over completely: written, or its body sent. Optional, and worth saying: a device that took a
/// request and fell silent, or went away, tells more than one that never got it.
int32_t espprov_sent(struct EspprovDevice *device);

/// The reply to the exchange under way, which is copied; it may be empty. Poll next.
int32_t espprov_reply(struct EspprovDevice *device, const void *reply, size_t reply_len);

/// The link is open, as `ESPPROV_RECONNECT` asked. Poll next.
int32_t espprov_reconnected(struct EspprovDevice *device);

/// The exchange or reconnect under way failed: `fault` is an `EspprovFault`. Poll next.
int32_t espprov_fault(struct EspprovDevice *device, int32_t fault);

/// Why the last call failed, or could not be started. `ESPPROV_ERROR_NO_RESULT`: it did not.
int32_t espprov_get_error(const struct EspprovDevice *device, struct EspprovError *error);

/// The next event, oldest first; may be asked for at any time. `ESPPROV_ERROR_INDEX`: there is none. 64 are kept.
int32_t espprov_get_event(struct EspprovDevice *device,
                          struct EspprovEvent *event);

/// What the device said about itself, once any call has asked for it.
int32_t espprov_get_info(const struct EspprovDevice *device, struct EspprovInfo *info);

/// What an application on the device says about itself; `index` from 0.
int32_t espprov_get_app(const struct EspprovDevice *device, size_t index, struct EspprovApp *app);

/// How the session is secured: writes 0, 1 or 2, and -1 for a session without any scheme. `ESPPROV_ERROR_NO_RESULT`: there is
/// no session.
int32_t espprov_get_security(const struct EspprovDevice *device,
                             int32_t *security);

/// How many networks or answers the last call brought; 0 where there can be none, and for NULL.
size_t espprov_count(const struct EspprovDevice *device);

/// A Wi-Fi network of the last scan; `index` from 0.
int32_t espprov_get_access_point(const struct EspprovDevice *device,
                                 size_t index,
                                 struct EspprovAccessPoint *network);

/// A Thread network of the last scan; `index` from 0.
int32_t espprov_get_thread_network(const struct EspprovDevice *device,
                                   size_t index,
                                   struct EspprovThreadNetwork *network);

/// Where the device is with its Wi-Fi network.
int32_t espprov_get_wifi(const struct EspprovDevice *device, struct EspprovWifi *wifi);

/// Where the device is with its Thread network.
int32_t espprov_get_thread(const struct EspprovDevice *device, struct EspprovThread *thread);

/// An answer of the application; `index` from 0.
int32_t espprov_get_answer(const struct EspprovDevice *device,
                           size_t index,
                           struct EspprovAnswer *answer);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ESPPROV_H */
