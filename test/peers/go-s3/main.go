// An S3 server for tests: gofakes3 in memory behind a check of each signature by Amazon's own signer. Says its address
// and then every request on standard output.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>said by the test server</Message></Error>", code)
}

func main() {
	fail := flag.Int64("fail", 0, "every so many requests are answered with 503")
	region := flag.String("region", "us-east-1", "region that must be signed for")
	bucket := flag.String("bucket", "backup", "bucket that is there")
	flag.Parse()
	backend := s3mem.New()
	if err := backend.CreateBucket(*bucket); err != nil {
		panic(err)
	}
	s3 := gofakes3.New(backend, gofakes3.WithIntegrityCheck(true)).Server()
	credentials := aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}
	signer := v4.NewSigner(func(options *v4.SignerOptions) { options.DisableURIPathEscaping = true })
	var count atomic.Int64
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Printf("%s %s\n", r.Method, r.URL.RequestURI())
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if *fail > 0 && count.Add(1)%*fail == 0 {
			refuse(w, 503, "SlowDown")
			return
		}
		hash := r.Header.Get("X-Amz-Content-Sha256")
		sum := sha256.Sum256(body)
		if hash != hex.EncodeToString(sum[:]) {
			refuse(w, 400, "XAmzContentSHA256Mismatch")
			return
		}
		at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || time.Since(at).Abs() > 15*time.Minute {
			refuse(w, 403, "RequestTimeTooSkewed")
			return
		}
		given := r.Header.Get("Authorization")
		again, _ := http.NewRequest(r.Method, "http://"+r.Host+r.URL.RequestURI(), nil)
		_, names, _ := strings.Cut(given, "SignedHeaders=")
		names, _, _ = strings.Cut(names, ",")
		for _, name := range strings.Split(names, ";") {
			if name != "host" {
				again.Header.Set(name, r.Header.Get(name))
			}
		}
		if err := signer.SignHTTP(r.Context(), credentials, again, hash, "s3", *region, at); err != nil || again.Header.Get("Authorization") != given {
			refuse(w, 403, "SignatureDoesNotMatch")
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s3.ServeHTTP(w, r)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	panic(http.Serve(listener, handler))
}
