package siren

import (
	"bufio"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// pymodbusSiren runs testdata/modbus_siren.py and gives its address and what it says.
func pymodbusSiren(t *testing.T) (address string, told <-chan string) {
	t.Helper()
	python := os.Getenv("TOCSIN_TEST_PYMODBUS")
	if python == "" {
		t.Skip("TOCSIN_TEST_PYMODBUS names no python that has pymodbus")
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/modbus_siren.py")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 64)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		_ = stdin.Close()
		<-read
		_ = cmd.Wait()
	})
	select {
	case line := <-lines:
		port, ok := strings.CutPrefix(line, "port ")
		if !ok {
			t.Fatalf("pymodbus says %q, want its port", line)
		}
		return "127.0.0.1:" + port, lines
	case <-time.After(20 * time.Second):
		t.Fatal("pymodbus did not start")
		return "", nil
	}
}

// expect reads what the siren was told and compares.
func expect(t *testing.T, told <-chan string, want ...string) {
	t.Helper()
	var got []string
	for range want {
		select {
		case line := <-told:
			got = append(got, line)
		case <-time.After(5 * time.Second):
			t.Fatalf("the siren was told %v, want %v", got, want)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the siren was told %v, want %v", got, want)
	}
}

// TestModbusAgainstPymodbus judges the client by a server of another make.
func TestModbusAgainstPymodbus(t *testing.T) {
	address, told := pymodbusSiren(t)
	g := newModbus(t, func(c *Config) { c.ReadBack = 200 * time.Millisecond })
	e := Endpoint{ID: "s3", Protocol: ProtocolModbus, Host: address, Unit: 3, RegisterMap: "tocsin",
		Programmes: map[string]Code{"wail": "7", "coil": "key:8", "none": "60"}}

	h, err := mustSend(t, g, testDelivery(addressOf(t, e), wail))
	if err != nil || !h.Delivered {
		t.Fatalf("start: %+v, %v; want delivered", h, err)
	}
	expect(t, told, "3 limit 60", "3 tag 257 515", "3 arm", "3 start 7")
	if h, err := mustSend(t, newModbus(t, nil), testDelivery(addressOf(t, e), wail)); err != nil || !h.Delivered {
		t.Errorf("told again by another process: %+v, %v; want delivered", h, err)
	}
	if h, err := mustSend(t, g, testDelivery(addressOf(t, e), halt)); err != nil || !h.Delivered {
		t.Errorf("stop: %+v, %v; want delivered", h, err)
	}
	expect(t, told, "3 stop")

	d := testDelivery(addressOf(t, e), `{"programme":"coil","seconds":30,"test":false}`)
	d.Alert = alertID(2)
	if h, err := mustSend(t, g, d); err != nil || !h.Delivered {
		t.Errorf("start by coil: %+v, %v; want delivered", h, err)
	}
	expect(t, told, "3 limit 30", "3 tag 513 515", "3 arm", "3 start 8")
	if _, err := mustSend(t, g, testDelivery(addressOf(t, e), halt)); err != nil {
		t.Error(err)
	}
	expect(t, told, "3 stop")
	if h, err := mustSend(t, g, testDelivery(addressOf(t, e), `{"programme":"wail","test":true}`)); err != nil || !h.Delivered {
		t.Errorf("silent test: %+v, %v; want delivered", h, err)
	}
	expect(t, told, "3 test")

	e.Unit = 4
	if h, err := mustSend(t, g, testDelivery(addressOf(t, e), wail)); err != nil || h.Delivered {
		t.Errorf("armed but not sounding: %+v, %v; want taken, not delivered", h, err)
	}
	expect(t, told, "4 limit 60", "4 tag 257 515", "4 arm", "4 start 7")
	if _, err := mustSend(t, g, testDelivery(addressOf(t, e), halt)); err != nil {
		t.Error(err)
	}
	expect(t, told, "4 stop")
}

// TestPymodbusExceptions: its refusals are read as what they are.
func TestPymodbusExceptions(t *testing.T) {
	address, _ := pymodbusSiren(t)
	l := &line{host: address, timeout: time.Second}
	defer func() { _ = l.close(t.Context()) }()
	tests := []struct {
		name    string
		request []byte
		want    string
	}{
		{"start without arming", writeRequest(Register, 0, 7), "modbus exception 4: device failure"},
		{"unknown hotkey", writeRequest(Register, 0, 99), "modbus exception 3: illegal data value"},
		{"beyond the registers", readRequest(Register, 900, 1), "modbus exception 2: illegal data address"},
		{"several coils", writeRequest(Coil, 100, 1, 0, 0), ""},
		{"several registers", writeRequest(Register, 2, 1, 2), ""},
		{"read coils", readRequest(Coil, 96, 8), ""},
		{"read discrete inputs", readRequest(Discrete, 0, 8), ""},
		{"read registers", readRequest(Register, 0, 4), ""},
		{"read input", readRequest(Input, 0, 1), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := l.call(t.Context(), false, nil, 3, tt.request)
			if got := errorText(err); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
