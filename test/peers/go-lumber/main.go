// Sends events to, or receives them from, a Lumberjack peer with Elastic's own library, as Beats do.
//
//	go-lumber -addr HOST:PORT -count 10000 -window 2048 [-compress 3] [-pipelining 2] [-json FILE] [-ca -cert -key]
//	go-lumber -listen HOST:PORT -count 100 [-ca -cert -key]
//
// The sender prints "acked N" when all events were acknowledged. The receiver prints "listening HOST:PORT", then one
// JSON line an event, and ends after -count of them. Both exit with 1 and a message when something fails.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	client "github.com/elastic/go-lumber/client/v2"
	"github.com/elastic/go-lumber/server"
)

var (
	addr       = flag.String("addr", "", "send to this address")
	listen     = flag.String("listen", "", "receive at this address")
	count      = flag.Int("count", 1, "events")
	window     = flag.Int("window", 2048, "events in a window")
	compress   = flag.Int("compress", 3, "compression level, 0 for none")
	pipelining = flag.Int("pipelining", 0, "windows under way; 0 waits for every acknowledgement")
	file       = flag.String("json", "", "file with one JSON object a line, sent in turn")
	timeout    = flag.Duration("timeout", 30*time.Second, "how long to wait for an answer")
	ca         = flag.String("ca", "", "authority of the other side's certificate (PEM); turns TLS on")
	cert       = flag.String("cert", "", "own certificate (PEM)")
	key        = flag.String("key", "", "own key (PEM)")
	name       = flag.String("name", "localhost", "name expected in the server's certificate")
)

func main() {
	flag.Parse()
	var err error
	if *listen != "" {
		err = receive()
	} else {
		err = send()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-lumber:", err)
		os.Exit(1)
	}
}

func tlsConfig() (*tls.Config, error) {
	if *ca == "" && *cert == "" {
		return nil, nil
	}
	config := &tls.Config{ServerName: *name}
	if *ca != "" {
		pem, err := os.ReadFile(*ca)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		config.RootCAs = pool
		config.ClientCAs = pool
	}
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func dialer(config *tls.Config) func(network, address string) (net.Conn, error) {
	if config == nil {
		return net.Dial
	}
	return func(network, address string) (net.Conn, error) { return tls.Dial(network, address, config) }
}

func events() ([]interface{}, error) {
	var payloads []json.RawMessage
	if *file != "" {
		input, err := os.Open(*file)
		if err != nil {
			return nil, err
		}
		defer input.Close()
		lines := bufio.NewScanner(input)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			payloads = append(payloads, append(json.RawMessage(nil), lines.Bytes()...))
		}
		if err := lines.Err(); err != nil {
			return nil, err
		}
	}
	all := make([]interface{}, *count)
	for i := range all {
		if len(payloads) > 0 {
			all[i] = payloads[i%len(payloads)]
			continue
		}
		all[i] = map[string]interface{}{
			"@timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
			"@metadata":  map[string]string{"beat": "filebeat", "type": "_doc", "version": "8.15.0"},
			"message":    fmt.Sprintf("line %d", i+1),
			"sequence":   i + 1,
		}
	}
	return all, nil
}

// encode leaves prepared JSON as it is, to the byte.
func encode(event interface{}) ([]byte, error) {
	if raw, ok := event.(json.RawMessage); ok {
		return raw, nil
	}
	return json.Marshal(event)
}

func send() error {
	config, err := tlsConfig()
	if err != nil {
		return err
	}
	all, err := events()
	if err != nil {
		return err
	}
	options := []client.Option{
		client.CompressionLevel(*compress), client.Timeout(*timeout), client.JSONEncoder(encode),
	}
	if *pipelining > 0 {
		err = sendAsync(config, all, options)
	} else {
		err = sendSync(config, all, options)
	}
	if err == nil {
		fmt.Println("acked", len(all))
	}
	return err
}

func windowEnd(start, events int) int {
	if start+*window < events {
		return start + *window
	}
	return events
}

func sendSync(config *tls.Config, all []interface{}, options []client.Option) error {
	sender, err := client.SyncDialWith(dialer(config), *addr, options...)
	if err != nil {
		return err
	}
	defer sender.Close()
	for start := 0; start < len(all); start += *window {
		batch := all[start:windowEnd(start, len(all))]
		acked, err := sender.Send(batch)
		if err != nil {
			return err
		}
		if acked != len(batch) {
			return fmt.Errorf("%d of %d events acknowledged", acked, len(batch))
		}
	}
	return nil
}

func sendAsync(config *tls.Config, all []interface{}, options []client.Option) error {
	sender, err := client.AsyncDialWith(dialer(config), *addr, *pipelining, options...)
	if err != nil {
		return err
	}
	defer sender.Close()
	var waiting sync.WaitGroup
	var lock sync.Mutex
	var failure error
	for start := 0; start < len(all); start += *window {
		batch := all[start:windowEnd(start, len(all))]
		waiting.Add(1)
		err := sender.Send(func(seq uint32, err error) {
			lock.Lock()
			defer lock.Unlock()
			if err == nil && int(seq) != len(batch) {
				err = fmt.Errorf("%d of %d events acknowledged", seq, len(batch))
			}
			if failure == nil {
				failure = err
			}
			waiting.Done()
		}, batch)
		if err != nil {
			return err
		}
	}
	waiting.Wait()
	return failure
}

func receive() error {
	config, err := tlsConfig()
	if err != nil {
		return err
	}
	if config != nil && *ca != "" {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Println("listening", listener.Addr())
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	receiver, err := server.NewWithListener(listener, server.V1(true), server.V2(true))
	if err != nil {
		return err
	}
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	received := 0
	for batch := range receiver.ReceiveChan() {
		for _, event := range batch.Events {
			if err := output.Encode(event); err != nil {
				return err
			}
			received++
		}
		batch.ACK()
		if received >= *count {
			break
		}
	}
	// The acknowledgement leaves from another goroutine.
	time.Sleep(200 * time.Millisecond)
	return receiver.Close()
}
