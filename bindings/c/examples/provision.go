// Gives a device in SoftAP mode its Wi-Fi network, from Go:
//
//	CGO_CFLAGS="-I $ROOT/bindings/c/include" \
//	CGO_LDFLAGS="$ROOT/target/release/libespprov_c.a -lpthread -ldl -lm -lgcc_s" \
//	go run provision.go http://192.168.4.1 abcd1234 Home correct-horse
package main

// #include <stdlib.h>
// #include "espprov.h"
import "C"

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"time"
	"unsafe"
)

var begin = time.Now()

func nowMs() C.uint64_t { return C.uint64_t(time.Since(begin).Milliseconds()) }

func left(deadline C.uint64_t) time.Duration {
	return time.Duration(int64(deadline)-int64(nowMs())) * time.Millisecond
}

// exchange does one exchange over HTTP: the reply, or an EspprovFault.
func exchange(client *http.Client, base string, action *C.EspprovAction) ([]byte, C.int32_t) {
	request := C.GoBytes(action.request, C.int(action.request_len))
	client.Timeout = left(action.deadline_ms)
	response, err := client.Post(base+"/"+C.GoString(action.endpoint), "application/x-protocomm", bytes.NewReader(request))
	if err != nil {
		if os.IsTimeout(err) {
			return nil, C.ESPPROV_FAULT_TIMED_OUT
		}
		// A device that refuses closes the connection without a word.
		return nil, C.ESPPROV_FAULT_REFUSED
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(response.Body, 16*1024))
	switch {
	case err != nil:
		return nil, C.ESPPROV_FAULT_LOST
	case response.StatusCode == http.StatusNotFound:
		return nil, C.ESPPROV_FAULT_NO_SUCH_ENDPOINT
	case response.StatusCode != http.StatusOK:
		return nil, C.ESPPROV_FAULT_REFUSED
	}
	return reply, 0
}

// run takes the call under way to its end.
func run(device *C.EspprovDevice, base string) C.int32_t {
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar}
	for {
		var action C.EspprovAction
		action.size = C.sizeof_EspprovAction
		switch status := C.espprov_poll(device, nowMs(), &action); status {
		case C.ESPPROV_EXCHANGE:
			reply, fault := exchange(client, base, &action)
			if fault != 0 {
				C.espprov_fault(device, fault)
			} else {
				var data unsafe.Pointer
				if len(reply) > 0 {
					data = unsafe.Pointer(&reply[0])
				}
				C.espprov_reply(device, data, C.size_t(len(reply)))
			}
		case C.ESPPROV_RECONNECT:
			client.CloseIdleConnections()
			if bool(action.fresh_session) {
				client.Jar, _ = cookiejar.New(nil)
			}
			C.espprov_reconnected(device)
		case C.ESPPROV_WAIT:
			time.Sleep(left(action.deadline_ms))
		case C.ESPPROV_BUSY:
		default:
			return status
		}
	}
}

func main() { os.Exit(provision()) }

func provision() int {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: provision http://ADDRESS POP SSID PASSPHRASE")
		return 2
	}
	pop, ssid, passphrase := C.CString(os.Args[2]), C.CString(os.Args[3]), C.CString(os.Args[4])
	defer C.free(unsafe.Pointer(pop))
	defer C.free(unsafe.Pointer(ssid))
	defer C.free(unsafe.Pointer(passphrase))

	// In C's memory, because a pointer of C's stands in it.
	config := (*C.EspprovConfig)(C.calloc(1, C.sizeof_EspprovConfig))
	defer C.free(unsafe.Pointer(config))
	config.size = C.sizeof_EspprovConfig
	config.pop, config.pop_len = unsafe.Pointer(pop), C.ESPPROV_TEXT
	config.link = C.ESPPROV_LINK_HTTP
	var failure C.EspprovError
	failure.size = C.sizeof_EspprovError

	device := C.espprov_new(config)
	if device == nil {
		C.espprov_last_error(&failure)
		fmt.Fprintln(os.Stderr, C.GoString(failure.message))
		return 1
	}
	defer C.espprov_free(device)
	C.espprov_provision_wifi(device, unsafe.Pointer(ssid), C.ESPPROV_TEXT, unsafe.Pointer(passphrase), C.ESPPROV_TEXT)
	status := run(device, os.Args[1])
	if status == C.ESPPROV_DONE {
		var wifi C.EspprovWifi
		wifi.size = C.sizeof_EspprovWifi
		C.espprov_get_wifi(device, &wifi)
		fmt.Println("online at", wifi.ip)
		return 0
	}
	if C.espprov_get_error(device, &failure) == C.ESPPROV_OK {
		fmt.Fprintf(os.Stderr, "%s\n  %s\n", C.GoString(failure.message), C.GoString(failure.help))
	} else {
		fmt.Fprintln(os.Stderr, C.GoString(C.espprov_status_text(status)))
	}
	return 1
}
