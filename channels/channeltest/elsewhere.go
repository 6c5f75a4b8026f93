package channeltest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// elsewhere is set in the process that only serves.
const elsewhere = "TOCSIN_CHANNELTEST_SERVE"

// Main is what TestMain of a package with benchmarks calls: the same binary, started again by Elsewhere, plays the
// gateway with serve, so that a benchmark's processor time is the adapter's alone.
func Main(m *testing.M, serve func(net.Listener) error) {
	if os.Getenv(elsewhere) == "" {
		os.Exit(m.Run())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(listener.Addr())
	go func() {
		// The parent's end of the pipe closes with the parent, however it ends.
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, serve(listener))
	os.Exit(1)
}

// Elsewhere starts the serving process and gives its address; it ends with the benchmark.
func Elsewhere(b *testing.B) string {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	server := exec.CommandContext(b.Context(), self)
	server.Env = append(os.Environ(), elsewhere+"=1")
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = server.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(address)
}

// Measure runs the benchmark's loop with many senders at once and reports this process's processor time per send.
func Measure(b *testing.B, senders int, send func() error) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(senders)
	b.ResetTimer()
	before := processor()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := send(); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64((processor()-before).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sends/s")
}

// processor is the processor time that this process has used, user and system.
func processor() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
