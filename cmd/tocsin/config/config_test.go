package config

import (
	"strings"
	"testing"
	"time"
)

func TestDefaults(t *testing.T) {
	c, err := Parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Kafka.Partitions != 2 || c.SQL.URL != "sqlite:.data/tocsin.db" || c.Alerts.Lifetime != 24*time.Hour {
		t.Errorf("defaults: %+v", c)
	}
}

func TestTheEnvironmentOverrides(t *testing.T) {
	c, err := Parse([]byte("kafka:\n  brokers: [a:1]\nredis:\n  addresses: [b:2]\n"),
		[]string{"TOCSIN_KAFKA_BROKERS=x:1,y:2", "TOCSIN_ALERTS_LIFETIME=2h", "TOCSIN_TEST_KAFKA=ignored", "PATH=/bin"})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Kafka.Brokers) != 2 || c.Kafka.Brokers[1] != "y:2" || c.Alerts.Lifetime != 2*time.Hour || c.Kafka.Partitions != 6 {
		t.Errorf("overridden: %+v", c.Kafka)
	}
}

const gateway = `
callbacks: {public_url: "https://warn.example/cb"}
gateways:
  - name: one
    channel: sms
    live: false
    twilio: {account_sid: AC1, auth_token_file: /x, from: "+6421"}
`

func TestFaultsNameTheirPlace(t *testing.T) {
	table := []struct {
		name, text, env string
		want            []string
	}{
		{"an unknown key", "kafka:\n  brokerz: [a]\n", "", []string{"[2:3]", "brokerz"}},
		{"a wrong type", "kafka:\n  partitions: many\n", "", []string{"[2:15]"}},
		{"an impossible number", "kafka:\n  partitions: 9999\n", "", []string{"line 2 column 15", "kafka.partitions", "1 to 256"}},
		{"not YAML", "kafka: [\n", "", []string{"[1:8]"}},
		{"a Redis Cluster", "kafka:\n  brokers: [a:1]\nredis:\n  addresses: [b:1, c:1]\n", "", []string{"line 4", "redis.addresses", "master_name", "Cluster"}},
		{"half in the process", "kafka:\n  brokers: [a:1]\n", "", []string{"redis.addresses"}},
		{"a password in the URL", "sql:\n  url: postgres://me:secret@h/db\n", "", []string{"line 2", "password_file"}},
		{"plain without TLS", "kafka:\n  sasl:\n    mechanism: plain\n", "", []string{"line 3", "tls"}},
		{"live not stated", strings.Replace(gateway, "    live: false\n", "", 1), "", []string{"line 4", "live must be stated"}},
		{"two of a name", gateway + strings.SplitN(gateway, "gateways:\n", 2)[1], "", []string{"two gateways", "one"}},
		{"a ceiling below the rate", gateway + "    rate: 10\n    rate_ceiling: 0.5\n", "", []string{"rate_ceiling", "1 to 100 times"}},
		{"a ceiling of no rate", gateway + "    rate_ceiling: 2\n", "", []string{"line 8", "rate_ceiling", "there is no rate"}},
		{"standing by for nobody", gateway + "    standby: true\n", "", []string{"line 8 column 14", "no gateway of the channel sms"}},
		{"a siren that stands by", "gateways:\n  - {name: horn, channel: siren, live: true, standby: true, siren: {protocol: modbus}}\n", "",
			[]string{"line 2", "standby", "every siren hangs on one gateway"}},
		{"the territory is no code", "office: {territory: Riverside}", "", []string{"office.territory", "NAME=VALUE"}},
		{"the unit of a token is no code", "api: {tokens: [{name: a, token_file: x, unit: \"=7\"}]}", "", []string{"api.tokens[0].unit", "NAME=VALUE"}},
		{"no public URL", strings.Replace(gateway, "callbacks:", "#", 1), "", []string{"callbacks.public_url"}},
		{"the wrong block", strings.Replace(gateway, "channel: sms", "channel: mail", 1), "", []string{"block"}},
		{"asking without a pause", "callbacks:\n  ask_every: 1ms\n", "", []string{"line 2", "callbacks.ask_every", "1s"}},
		{"a negative rate", gateway + "    rate: -1\n", "", []string{"rate", "-1"}},
		{"a variable that overrides nothing", "", "TOCSIN_KAFKA_BROKER=a", []string{"TOCSIN_KAFKA_BROKER"}},
		{"a right that is none", "api:\n  tokens:\n    - {name: a, token_file: /x, may: [fly]}\n", "", []string{"line 3", "fly"}},
	}
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) {
			_, err := Parse([]byte(row.text), []string{row.env})
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "me:secret") {
				t.Error("the error shows the password")
			}
		})
	}
	second := strings.Replace(strings.SplitN(gateway, "gateways:\n", 2)[1], "name: one", "name: two", 1) + "    standby: true\n"
	for _, good := range []string{gateway, gateway + second} {
		if _, err := Parse([]byte(good), nil); err != nil {
			t.Errorf("good gateways are refused: %v", err)
		}
	}
}

// TestImpossibleLimits: none of them is taken, none is replaced by a default, and each is told with line and column.
func TestImpossibleLimits(t *testing.T) {
	siren := func(maxRun string) string {
		return "gateways:\n  - name: horn\n    channel: siren\n    live: false\n    siren:\n      protocol: modbus\n      max_run: " + maxRun + "\n"
	}
	for _, row := range []struct{ name, text, place, want string }{
		{"no partitions", "kafka:\n  partitions: 0\n", "line 2 column 15", "kafka.partitions: 0"},
		{"negative partitions", "kafka:\n  partitions: -6\n", "line 2 column 15", "kafka.partitions: -6"},
		{"no copies", "kafka:\n  replication: 0\n", "line 2 column 16", "kafka.replication: 0"},
		{"negative copies", "kafka:\n  replication: -1\n", "line 2 column 16", "kafka.replication: -1"},
		{"a thousand copies", "kafka:\n  replication: 1000\n", "line 2 column 16", "kafka.replication: 1000"},
		{"a negative database", "redis:\n  db: -1\n", "line 2 column 7", "redis.db: -1"},
		{"no bound of slowness", "sql:\n  slow: 0s\n", "line 2 column 9", "sql.slow: 0"},
		{"no lifetime", "alerts:\n  lifetime: 0s\n", "line 2 column 13", "alerts.lifetime: 0"},
		{"a negative lifetime", "alerts:\n  lifetime: -1h\n", "line 2 column 13", "alerts.lifetime: -1h"},
		{"a lifetime of nothing", "alerts:\n  lifetime: 1ns\n", "line 2 column 13", "alerts.lifetime: 1ns"},
		{"an unknown profile", "alerts:\n  profile: ours\n", "line 2 column 12", "alerts.profile: there is no profile \"ours\": the profiles are core, ipaws, cap-cp, cap-au, google, wmo, china"},
		{"no validity", "alerts:\n  max_validity: 0s\n", "line 2 column 17", "alerts.max_validity: 0"},
		{"a validity of a year", "alerts:\n  max_validity: 8760h\n", "line 2 column 17", "alerts.max_validity: 8760h"},
		{"no bytes", "alerts:\n  max_bytes: 0\n", "line 2 column 14", "alerts.max_bytes: 0"},
		{"negative bytes", "alerts:\n  max_bytes: -1\n", "line 2 column 14", "alerts.max_bytes: -1"},
		{"no parts", "alerts:\n  sms_parts: 0\n", "line 2 column 14", "alerts.sms_parts: 0"},
		{"no slots", gateway + "    slots: 0\n", "line 8 column 12", "slots: 0"},
		{"negative slots", gateway + "    slots: -1\n", "line 8 column 12", "slots: -1"},
		{"a million slots", gateway + "    slots: 1000000\n", "line 8 column 12", "slots: 1000000"},
		{"no rate", gateway + "    rate: 0\n", "line 8 column 11", "rate: 0"},
		{"a negative rate", gateway + "    rate: -0.5\n", "line 8 column 11", "rate: -0.5"},
		{"a rate without end", gateway + "    rate: .inf\n", "line 8 column 11", "rate: +Inf"},
		{"a rate that is no number", gateway + "    rate: .nan\n", "line 8 column 11", "rate: NaN"},
		{"a rate of nearly nothing", gateway + "    rate: 1e-9\n", "line 8 column 11", "rate: 1e-09"},
		{"no run", siren("0s"), "line 7 column 16", "max_run: 0"},
		{"a negative run", siren("-10s"), "line 7 column 16", "max_run: -10s"},
		{"a run of a day", siren("24h"), "line 7 column 16", "max_run: 24h"},
		{"a port that there is not", "metrics:\n  listen: 127.0.0.1:99999\n", "line 2 column 11", "metrics.listen"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Parse([]byte(row.text), nil)
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), row.place) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%q says not both %q and %q", err, row.place, row.want)
			}
		})
	}
	for _, variable := range []string{"TOCSIN_KAFKA_PARTITIONS=0", "TOCSIN_KAFKA_REPLICATION=0", "TOCSIN_ALERTS_LIFETIME=0s", "TOCSIN_ALERTS_SMS_PARTS=-1"} {
		if _, err := Parse(nil, []string{variable}); err == nil {
			t.Errorf("%s is accepted", variable)
		}
	}
}
