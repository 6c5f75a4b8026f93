package config

import "time"

// Config is everything an operator can set. The zero value of a field means its default, which the comment names.
type Config struct {
	Office   Office    `yaml:"office" envPrefix:"OFFICE_"`
	DataDir  string    `yaml:"data_dir" env:"DATA_DIR"` // embedded stores and the generated keyring; default ./.data
	Kafka    Kafka     `yaml:"kafka" envPrefix:"KAFKA_"`
	Redis    Redis     `yaml:"redis" envPrefix:"REDIS_"`
	SQL      SQL       `yaml:"sql" envPrefix:"SQL_"`
	Keyring  Keyring   `yaml:"keyring" envPrefix:"KEYRING_"`
	Alerts   Alerts    `yaml:"alerts" envPrefix:"ALERTS_"`
	Approval Approval  `yaml:"approval" envPrefix:"APPROVAL_"`
	Gateways []Gateway `yaml:"gateways"`
	// Templates are prepared warnings.
	Templates Templates `yaml:"templates" envPrefix:"TEMPLATES_"`
	// Pages are what people see in a browser, at the address of the API, where they can log in.
	Pages Pages `yaml:"pages" envPrefix:"PAGES_"`
	Inbox Inbox `yaml:"inbox"`
	// Listen is where each role answers.
	API       API       `yaml:"api" envPrefix:"API_"`
	Login     Login     `yaml:"login" envPrefix:"LOGIN_"`
	Callbacks Callbacks `yaml:"callbacks" envPrefix:"CALLBACKS_"`
	Feeds     Feeds     `yaml:"feeds" envPrefix:"FEEDS_"`
	Metrics   Metrics   `yaml:"metrics" envPrefix:"METRICS_"` // health, readiness and /metrics; default 127.0.0.1:9180
	Heartbeat Heartbeat `yaml:"heartbeat" envPrefix:"HEARTBEAT_"`
	Journal   Journal   `yaml:"journal" envPrefix:"JOURNAL_"`
	Log       Log       `yaml:"log" envPrefix:"LOG_"`
	Client    Client    `yaml:"client" envPrefix:"CLIENT_"`
}

// Office is who warns.
type Office struct {
	// Sender is the CAP sender of the messages that tocsin writes itself (cancels).
	Sender string `yaml:"sender" env:"SENDER"`
	// Name is the senderName that people read.
	Name string `yaml:"name" env:"NAME"`
	// PublicURL begins the links in messages; a message's link is PublicURL/alerts/ID. Empty: no links.
	PublicURL string `yaml:"public_url" env:"PUBLIC_URL"`
	// Region is the country of numbers without a country code, e.g. NZ.
	Region string `yaml:"region" env:"REGION"`
	// Territory is the code of the administrative unit in which every warning of the office must lie; empty: anywhere.
	Territory string `yaml:"territory" env:"TERRITORY"`
}

// Kafka names the brokers. Without brokers one runs inside the process, on loopback.
type Kafka struct {
	Brokers     []string `yaml:"brokers" env:"BROKERS"`
	Prefix      string   `yaml:"prefix" env:"PREFIX"`           // begins every topic and group name
	Partitions  int      `yaml:"partitions" env:"PARTITIONS"`   // of each dispatch topic; default 6, in-process 2
	Replication int      `yaml:"replication" env:"REPLICATION"` // default 1; use 3 with three brokers
	TLS         TLS      `yaml:"tls" envPrefix:"TLS_"`
	SASL        SASL     `yaml:"sasl" envPrefix:"SASL_"`
}

// TLS says how to trust a server and how to show who we are.
type TLS struct {
	Enabled    bool   `yaml:"enabled" env:"ENABLED"`
	CAFile     string `yaml:"ca_file" env:"CA_FILE"` // empty: the system's roots
	CertFile   string `yaml:"cert_file" env:"CERT_FILE"`
	KeyFile    string `yaml:"key_file" env:"KEY_FILE"`
	ServerName string `yaml:"server_name" env:"SERVER_NAME"`
}

// SASL is how tocsin signs in to Kafka.
type SASL struct {
	Mechanism    string `yaml:"mechanism" env:"MECHANISM"` // plain, scram-sha-256, scram-sha-512; empty: none
	User         string `yaml:"user" env:"USER"`
	PasswordFile string `yaml:"password_file" env:"PASSWORD_FILE"`
}

// Redis names the server: its one address, or Sentinels with master_name; a Cluster cannot be used. Without one, it runs in
// the process.
type Redis struct {
	Addresses    []string `yaml:"addresses" env:"ADDRESSES"`
	MasterName   string   `yaml:"master_name" env:"MASTER_NAME"`
	User         string   `yaml:"user" env:"USER"`
	PasswordFile string   `yaml:"password_file" env:"PASSWORD_FILE"`
	DB           int      `yaml:"db" env:"DB"`
	Prefix       string   `yaml:"prefix" env:"PREFIX"`
	TLS          TLS      `yaml:"tls" envPrefix:"TLS_"`
}

// SQL names the database: sqlite:PATH or postgres://USER@HOST/DB?sslmode=verify-full&sslrootcert=FILE. The password of
// PostgreSQL comes from password_file. Empty: SQLite in data_dir. A statement that takes as long as slow is logged, without
// its values; default 1s.
type SQL struct {
	URL          string        `yaml:"url" env:"URL"`
	PasswordFile string        `yaml:"password_file" env:"PASSWORD_FILE"`
	Slow         time.Duration `yaml:"slow" env:"SLOW"`
}

// Keyring is the folder of the keys that seal addresses and batches. Empty: data_dir/keyring, made on first start —
// allowed only with in-process stores, because every process of an office needs the same keys.
type Keyring struct {
	Dir string `yaml:"dir" env:"DIR"`
}

// Alerts are the office's rules for what it issues.
type Alerts struct {
	Lifetime    time.Duration `yaml:"lifetime" env:"LIFETIME"`         // of an info without expires; default 24h
	MaxValidity time.Duration `yaml:"max_validity" env:"MAX_VALIDITY"` // longest validity accepted; default 168h. Kafka keeps records for this + 72h
	MaxBytes    int           `yaml:"max_bytes" env:"MAX_BYTES"`       // of a CAP document; default 262144
	SMSParts    int           `yaml:"sms_parts" env:"SMS_PARTS"`       // default 3
	AskBefore   time.Duration `yaml:"ask_before" env:"ASK_BEFORE"`     // how long before its end somebody must say what becomes of an alert; default 30m
	// Profile is whose rules an alert must keep to be issued, by the ID that cap.ProfileByID knows; default core.
	Profile string  `yaml:"profile" env:"PROFILE"`
	Signing Signing `yaml:"signing" envPrefix:"SIGNING_"`
}

// Signing is the key that signs every alert (enveloped XML signature). Without a key_file alerts go out as they came in.
type Signing struct {
	KeyFile         string `yaml:"key_file" env:"KEY_FILE"`                 // RSA or ECDSA P-256, PEM: `tocsin keys signing DIR`
	CertificateFile string `yaml:"certificate_file" env:"CERTIFICATE_FILE"` // PEM: that of the key first, then those up to the anchor
	// AnchorFiles are the certificates (PEM) that the office publishes, and those of partners whose signatures are kept.
	// Empty: the certificate itself.
	AnchorFiles []string `yaml:"anchor_files" env:"ANCHOR_FILES"`
	C14N        string   `yaml:"c14n" env:"C14N"` // exclusive (default), inclusive, inclusive11
}

// Pages are those of the operators (package pages).
type Pages struct {
	// TilesURL is where maps get their tiles, such as https://tiles.example.org/{z}/{x}/{y}.png. Without it they show outlines only.
	TilesURL string `yaml:"tiles_url" env:"TILES_URL"`
}

// Templates are warnings that were written in quiet hours (package template). Without dir there are none.
type Templates struct {
	Dir string `yaml:"dir" env:"DIR"` // its files *.yaml and *.yml, read again when they changed
	// Identifier is the pattern of the identifiers of filled alerts, of {time}, {local}, {random}, {digit} and {template}.
	Identifier string `yaml:"identifier" env:"IDENTIFIER"` // default {time}-{random}
	Zone       string `yaml:"zone" env:"ZONE"`             // of times of day, such as Asia/Shanghai; default that of the machine
}

// Gateway is one way out. Exactly one of the blocks below its channel must be given.
type Gateway struct {
	Name    string `yaml:"name"`
	Channel string `yaml:"channel"` // sms, push, mail or siren
	// Live gateways reach the public and carry only actual alerts; the others carry any world. Must be stated.
	Live *bool `yaml:"live"`
	// Standby gateways are used only while another of their channel, as live as they are, fails as a whole.
	Standby bool `yaml:"standby"`
	// Slots is how many deliveries a process has under way at once; default 64.
	Slots int `yaml:"slots"`
	// Rate is the gateway's limit in permits a second over all processes (SMS: segments); left out, there is none.
	Rate float64 `yaml:"rate"`
	// RateCeiling is how many times Rate people may set while the engine runs (`tocsin gateways rate`); default 1.
	RateCeiling float64 `yaml:"rate_ceiling"`
	// Price is what one permit costs, as a decimal number ("0.0075"), and Currency in which money (ISO 4217: EUR). Both or
	// neither: they are for the dry run alone.
	Price    string  `yaml:"price"`
	Currency string  `yaml:"currency"`
	Twilio   *Twilio `yaml:"twilio"`
	Push     *Push   `yaml:"push"`
	SMTP     *SMTP   `yaml:"smtp"`
	Siren    *Siren  `yaml:"siren"`
}

// Twilio is an SMS gateway that speaks Twilio's API.
type Twilio struct {
	AccountSID       string `yaml:"account_sid"`
	AuthTokenFile    string `yaml:"auth_token_file"`
	APIKey           string `yaml:"api_key"` // optional: signs in instead of the account; the auth token still checks callbacks
	APIKeySecretFile string `yaml:"api_key_secret_file"`
	MessagingService string `yaml:"messaging_service"` // this or from
	From             string `yaml:"from"`
	BaseURL          string `yaml:"base_url"` // default https://api.twilio.com
}

// Push is a web push sender (RFC 8030, 8291, 8292).
type Push struct {
	VAPIDPublic      string `yaml:"vapid_public"`
	VAPIDPrivateFile string `yaml:"vapid_private_file"`
	Subscriber       string `yaml:"subscriber"` // mail address or https URL of the office, for the push services
	// AllowHosts are push services besides the known ones: host, or .suffix.
	AllowHosts []string `yaml:"allow_hosts"`
	// AllowInsecure are origins (http://127.0.0.1:8083) that may be plain HTTP and private: simulators only.
	AllowInsecure []string `yaml:"allow_insecure"`
}

// SMTP is a mail gateway.
type SMTP struct {
	Address      string `yaml:"address"`  // host:port
	Security     string `yaml:"security"` // starttls (default), tls, none (loopback only)
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
	From         string `yaml:"from"`
	TLS          TLS    `yaml:"tls"`
	DKIM         *DKIM  `yaml:"dkim"`
}

// DKIM signs mail (RFC 6376).
type DKIM struct {
	Domain   string `yaml:"domain"`
	Selector string `yaml:"selector"`
	KeyFile  string `yaml:"key_file"`
}

// Siren is a siren gateway: one protocol, many sirens.
type Siren struct {
	Protocol       string        `yaml:"protocol"`         // http, mqtt, modbus
	SigningKeyFile string        `yaml:"signing_key_file"` // Ed25519, for http and mqtt
	KeyID          string        `yaml:"key_id"`
	Broker         string        `yaml:"broker"` // mqtt: tcp://host:1883 or ssl://host:8883
	TopicPrefix    string        `yaml:"topic_prefix"`
	User           string        `yaml:"user"`
	PasswordFile   string        `yaml:"password_file"`
	TLS            TLS           `yaml:"tls"`
	MaxRun         time.Duration `yaml:"max_run"`      // hard limit of one activation; default 180s
	AllowPublic    bool          `yaml:"allow_public"` // modbus: allow public addresses
	// RegisterMapsFile adds register maps of Modbus sirens (YAML).
	RegisterMapsFile string `yaml:"register_maps_file"`
}

// Listener is an address to answer on, with TLS when a certificate is given.
type Listener struct {
	Listen   string `yaml:"listen" env:"LISTEN"`
	CertFile string `yaml:"cert_file" env:"CERT_FILE"`
	KeyFile  string `yaml:"key_file" env:"KEY_FILE"`
}

// Metrics is where a process tells how it is.
type Metrics struct {
	Listener `yaml:",inline"`
	// Profile adds Go's profiles under /debug/pprof/. They show what the process does, so the listener must be private.
	Profile bool `yaml:"profile" env:"PROFILE"`
}

// API is the admin API of the role api; default 127.0.0.1:8080.
type API struct {
	Listener `yaml:",inline"`
	Tokens   []Token `yaml:"tokens"`
}

// Token is one caller of the API. May lists: issue, approve, cancel, read, import, redrive, administer, audit.
type Token struct {
	Name      string   `yaml:"name"`
	TokenFile string   `yaml:"token_file"`
	May       []string `yaml:"may"`
	// Unit is the code of the administrative unit that the caller belongs to; left out, the whole office.
	Unit string `yaml:"unit"`
	// Worlds are the only ones that the caller may see and touch: actual, exercise, test; left out, all. He then uses the paths
	// below /api/WORLD (tocsin --world).
	Worlds []string `yaml:"worlds"`
}

// Callbacks is where gateways report back; default 127.0.0.1:8081.
type Callbacks struct {
	Listener `yaml:",inline"`
	// PublicURL is how the gateway reaches it from outside. Required with a Twilio gateway.
	PublicURL string `yaml:"public_url" env:"PUBLIC_URL"`
	// What no callback told of an SMS is asked for: AskAfter the issue of its alert, again each AskEvery while it is not
	// known, AskRate times a second at the most. One process at a time does so.
	AskAfter time.Duration `yaml:"ask_after" env:"ASK_AFTER"` // default 10m
	AskEvery time.Duration `yaml:"ask_every" env:"ASK_EVERY"` // default 10m
	AskRate  float64       `yaml:"ask_rate" env:"ASK_RATE"`   // default 10
}

// Journal is the record of who did what. Its end is signed and taken out of the database's reach every few minutes, so that
// nobody who may write to the database can change the record unnoticed. With in-process stores, key and heads lie in
// data_dir unless they are named; with a server and no key, nothing is signed.
type Journal struct {
	KeyFile   string        `yaml:"key_file" env:"KEY_FILE"`     // Ed25519, PKCS #8 in PEM: `tocsin keys journal FILE`
	HeadsFile string        `yaml:"heads_file" env:"HEADS_FILE"` // signed heads are added here: a folder of another machine. Empty: only the log
	Every     time.Duration `yaml:"every" env:"EVERY"`           // default 5m
}

// Feeds are the lists of issued alerts that anybody may read, on a listener of their own. Without listen there are none.
type Feeds struct {
	Listener `yaml:",inline"`
	// PublicURL is how the world reaches it: links in the feeds begin with it. Required with listen.
	PublicURL string `yaml:"public_url" env:"PUBLIC_URL"`
	Title     string `yaml:"title" env:"TITLE"`       // default: office.name, else "Warnings"
	Language  string `yaml:"language" env:"LANGUAGE"` // of the title, e.g. en
	// HideTests leaves out alerts of status Test. Hubs are tested with them, so they are shown, and marked, by default.
	HideTests bool `yaml:"hide_tests" env:"HIDE_TESTS"`
	PageBytes int  `yaml:"page_bytes" env:"PAGE_BYTES"` // of one page at the most; default 900000, the most that hubs take
}

// Heartbeat is a sign of life to somebody outside, so that silence is noticed: the role ledger asks URL for an answer while
// it can do its work. Empty: none leaves.
type Heartbeat struct {
	URL   string        `yaml:"url" env:"URL"`
	Every time.Duration `yaml:"every" env:"EVERY"` // default 1m
}

// Log is how tocsin speaks of itself.
type Log struct {
	Level  string `yaml:"level" env:"LEVEL"`   // debug, info (default), warn, error
	Format string `yaml:"format" env:"FORMAT"` // text (default) or json
}

// Client is what the client verbs need.
type Client struct {
	URL       string `yaml:"url" env:"URL"` // default http://127.0.0.1:8080
	TokenFile string `yaml:"token_file" env:"TOKEN_FILE"`
	CAFile    string `yaml:"ca_file" env:"CA_FILE"`
}

// InProcess reports whether a store runs inside the process.
func (c *Config) InProcess() (kafka, redis bool) {
	return len(c.Kafka.Brokers) == 0, len(c.Redis.Addresses) == 0
}
