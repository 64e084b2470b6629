package report

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/vsswhy/vsswhy/ingest/known"
)

// The kinds of names, and what their pseudonyms begin with.
var prefixes = map[string]string{
	"host": "HOST-", "vm": "VM-", "domain": "DOMAIN-", "user": "user-", "volume": "VOLUME-", "group": "GROUP-", "share": "share-", "instance": "INSTANCE-",
	"folder": "folder-", "archive": "archive-", "disk": "disk-", "file": "file-", "ip": "IP-", "mac": "MAC-", "iscsi": "iscsi-", "sid": "SID-",
}

// A registry knows which pseudonym stands for which name.
type registry struct {
	list    []Pseudonym
	by      map[string]string // name in lower case → pseudonym
	next    map[string]int    // by kind
	taken   map[string]bool   // names and pseudonyms, in lower case
	learned []candidate
	salt    string

	aliasOf     map[string]string // short name → that of the same computer that it is shown by
	shared      map[string]int    // short name → how many computers have it
	hypervisors map[string]bool   // short names of hosts
}

// A candidate is a name that is to get a pseudonym.
type candidate struct {
	kind, key, name string
	rank            int // kinds whose names get theirs first: others are made of them
}

func newRegistry(given []Pseudonym, salt string) registry {
	g := registry{by: map[string]string{}, next: map[string]int{}, taken: map[string]bool{}, salt: salt,
		aliasOf: map[string]string{}, shared: map[string]int{}, hypervisors: map[string]bool{}}
	for _, p := range given {
		g.put(p.Kind, strings.ToLower(p.Name), p.Name, p.Pseudonym)
		if n, err := strconv.Atoi(lastNumber().FindString(p.Pseudonym)); err == nil {
			g.next[p.Kind] = max(g.next[p.Kind], n)
		}
	}
	return g
}

var lastNumber = pattern(`[0-9]+`)

func (g *registry) put(kind, key, name, pseudonym string) {
	if g.by[key] == "" {
		g.by[key] = pseudonym
		g.list = append(g.list, Pseudonym{pseudonym, kind, name})
		g.taken[strings.ToLower(pseudonym)] = true
	}
}

// learn notes a name that has no pseudonym yet.
func (g *registry) learn(c candidate) {
	if g.by[c.key] == "" {
		g.taken[c.key] = true
		g.learned = append(g.learned, c)
	}
}

// give gives a name its pseudonym.
func (g *registry) give(c candidate) {
	if g.by[c.key] != "" {
		return
	}
	switch c.kind {
	case "guid":
		g.next[c.kind]++
		g.put(c.kind, c.key, c.name, fmt.Sprintf("00000000-0000-0000-0000-%012d", g.next[c.kind]))
	case "domain":
		g.giveDomain(c)
	case "host":
		if primary := g.by[g.aliasOf[c.key]]; primary != "" {
			g.put(c.kind, c.key, c.name, g.unused(func(n int) string { return fmt.Sprintf("%s-%d", primary, n+1) }))
			return
		}
		fallthrough
	default:
		g.put(c.kind, c.key, c.name, g.new(c.kind))
	}
}

// giveDomain: contoso.com becomes domain-1.example, and CONTOSO, as Windows names
// the same domain before a user, DOMAIN-1.
func (g *registry) giveDomain(c candidate) {
	if !strings.Contains(c.key, ".") {
		g.put(c.kind, c.key, c.name, g.new(c.kind))
		return
	}
	first, rest, _ := strings.Cut(c.name, ".")
	short := strings.ToLower(first)
	if g.by[short] == "" || !strings.HasPrefix(g.by[short], prefixes["domain"]) {
		g.put(c.kind, short, first, g.new(c.kind))
	}
	pseudonym := strings.ToLower(g.by[short]) + ".example"
	if !strings.HasPrefix(pseudonym, "domain-") || g.taken[pseudonym] {
		pseudonym = strings.ToLower(g.new(c.kind)) + ".example"
	}
	g.put(c.kind, c.key, c.name, pseudonym)
	for _, label := range strings.Split(rest, ".") {
		if key := strings.ToLower(label); len(label) >= 3 && !topLevel[key] {
			g.put(c.kind, key, label, g.new(c.kind))
		}
	}
}

// new returns the next pseudonym of a kind that nobody is called.
func (g *registry) new(kind string) string {
	return g.unused(func(int) string {
		g.next[kind]++
		return prefixes[kind] + strconv.Itoa(g.next[kind])
	})
}

func (g *registry) unused(make func(n int) string) string {
	for n := 1; ; n++ {
		if p := make(n); !g.taken[strings.ToLower(p)] {
			return p
		}
	}
}

// topLevel are ends of domain names that say nothing of anybody.
var topLevel = setOf("com net org edu gov mil int info biz local lan corp intern internal intra home test example invalid localdomain private ad domain gmbh cloud")

func setOf(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// of returns the pseudonym of a name, and learns it if it has none.
func (x *redactor) of(kind, name string) string {
	key := strings.ToLower(name)
	if p := x.by[key]; p != "" {
		return p
	}
	c := candidate{kind, key, name, ranks[kind]}
	if x.pass == write {
		x.give(c)
		return x.by[key]
	}
	x.learn(c)
	return name
}

// ranks: a machine's name is a guest's, too, and the machine is what people know;
// what names are made of comes first.
var ranks = map[string]int{"domain": 1, "vm": 3, "host": 4, "user": 5, "volume": 6, "group": 6, "disk": 7, "guid": 8, "sid": 8, "folder": 9, "archive": 9, "file": 9}

const rankHypervisor = 2

// nobody are names of machines, and anybody of accounts, that are the same everywhere.
var (
	nobody  = setOf("localhost hyper-v sqlserverwriter workgroup n/a unknown - * .")
	anybody = setOf("system administrator guest everyone n/a unknown - * .")
)

func shortName(name string) string {
	short, _, _ := strings.Cut(strings.ToLower(name), ".")
	return short
}

// host returns the pseudonym of a computer: HOST-1 for NODE-A, and HOST-1.domain-1.example
// for NODE-A.contoso.com.
func (x *redactor) host(name string) string {
	switch {
	case name == "" || nobody[strings.ToLower(name)]:
		return name
	case isAddress(name):
		return x.address(name)
	}
	short, domain, full := strings.Cut(name, ".")
	if !full {
		return x.computer(short, strings.ToLower(short))
	}
	if key := strings.ToLower(name); x.by[key] != "" {
		return x.by[key]
	}
	p := x.computer(short, strings.ToLower(short))
	if x.shared[strings.ToLower(short)] > 1 { // several computers have the short name
		p = x.computer(name, strings.ToLower(name)+" ")
	}
	if topLevel[strings.ToLower(domain)] {
		return p + "." + domain
	}
	d := x.domain(domain)
	if x.pass != write {
		return name
	}
	x.put("host", strings.ToLower(name), name, p+"."+d)
	return p + "." + d
}

// computer returns the pseudonym of a computer without its domain.
func (x *redactor) computer(name, key string) string {
	if p := x.by[key]; p != "" {
		return p
	}
	c := candidate{"host", key, name, ranks["host"]}
	switch {
	case x.pass == write:
		x.give(c)
		return x.by[key]
	case x.aliasOf[key] != "":
		c.rank++ // behind the name that it is an alias of
	case x.hypervisors[key]:
		c.rank = rankHypervisor
	}
	x.learn(c)
	return name
}

func (x *redactor) domain(name string) string {
	return x.of("domain", name)
}

func (x *redactor) vm(name string) string {
	switch {
	case name == "" || nobody[strings.ToLower(name)]:
		return name
	case guidOnly().MatchString(name):
		return x.guid(name)
	}
	return x.of("vm", name)
}

// group takes a cluster group, which mostly is called as its machine.
func (x *redactor) group(name string) string {
	if name == "" || plainGroup().MatchString(name) {
		return name
	}
	return x.of("group", name)
}

var plainGroup = pattern(`(?i)^(cluster group|available storage)$`)

// user keeps apart domain and account.
func (x *redactor) user(name string) string {
	if domain, account, ok := strings.Cut(name, `\`); ok {
		if wellKnownAuthority[strings.ToLower(domain)] {
			return name
		}
		return x.authority(domain) + `\` + x.account(account)
	}
	if account, domain, ok := strings.Cut(name, "@"); ok {
		return x.account(account) + "@" + x.domain(domain)
	}
	if sidOnly().MatchString(name) {
		return x.sid(name)
	}
	return x.account(name)
}

// authority is what stands before a user: a domain, or the computer itself.
func (x *redactor) authority(name string) string {
	if strings.Contains(name, ".") {
		return x.domain(name)
	}
	if p := x.by[strings.ToLower(name)]; p != "" || name == "." {
		return orName(p, name)
	}
	return x.of("domain", name)
}

func orName(p, name string) string {
	if p == "" {
		return name
	}
	return p
}

// account: that of a computer is its name with a dollar sign.
func (x *redactor) account(name string) string {
	key := strings.ToLower(name)
	if name == "" || anybody[key] || wellKnownAuthority[key] || strings.HasSuffix(key, " service") {
		return name
	}
	if computer, ok := strings.CutSuffix(name, "$"); ok && computer != "" {
		return x.host(computer) + "$"
	}
	return x.of("user", name)
}

var wellKnownAuthority = map[string]bool{"nt authority": true, "builtin": true, "nt service": true, "window manager": true, "font driver host": true, "iis apppool": true}

// volume keeps letters of drives and the names that Windows gives by itself.
func (x *redactor) volume(name string) string {
	switch {
	case name == "" || plainVolume().MatchString(name):
		return name
	case strings.ContainsAny(name, `\/`):
		return x.path(name)
	case guidIn().MatchString(name):
		return guidIn().ReplaceAllStringFunc(name, x.guid)
	}
	return x.of("volume", name)
}

var plainVolume = pattern(`(?i)^([a-z]:\\?|volume ?[0-9]{0,3}|cluster disk [0-9]{1,3}|cluster virtual disk|harddiskvolume(shadowcopy)?[0-9]+|disk ?[0-9]+|recovery|system reserved|system-reserviert)$`)

const guidPattern = `[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`

var (
	guidIn   = pattern(guidPattern)
	guidOnly = pattern(`^\{?` + guidPattern + `\}?$`)
	sidOnly  = pattern(`^S-1-[0-9]+(-[0-9]+)+$`)
)

// knownGUIDs are those of the providers of shadow copies of Windows, and none.
var knownGUIDs = setOf("00000000-0000-0000-0000-000000000000 b5946137-7b9f-4925-af80-51abd60b20d5 74600e39-7dc5-4567-a03b-f091d6c7b092")

// guid keeps the braces, and the ids that are the same on every computer.
func (x *redactor) guid(name string) string {
	inner := guidIn().FindString(name)
	key := strings.ToLower(inner)
	switch {
	case inner == "" && name != "":
		return x.of("vm", name) // what should be an id
	case inner == "" || known.WriterName(key) != "" || knownGUIDs[key]:
		return name
	}
	return strings.Replace(name, inner, x.of("guid", inner), 1)
}

// disk takes the signature or the GUID of a disk.
func (x *redactor) disk(name string) string {
	if name == "" || guidOnly().MatchString(name) {
		return x.guid(name)
	}
	return x.of("disk", name)
}

// sid keeps the accounts that every Windows has.
func (x *redactor) sid(name string) string {
	parts := strings.Split(name, "-")
	if len(parts) <= 5 || parts[2] == "15" || parts[2] == "5" && (parts[3] == "80" || parts[3] == "32") {
		return name
	}
	return x.of("sid", name)
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// address keeps those that are the same everywhere.
func (x *redactor) address(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil || a.IsUnspecified() || a.IsLoopback() || s == "255.255.255.255" {
		return s
	}
	return x.of("ip", a.WithZone("").String())
}

// mac compares addresses without what parts their digits.
func (x *redactor) mac(s string) string {
	return x.of("mac", strings.ToUpper(strings.NewReplacer(":", "", "-", "", ".", "").Replace(s)))
}
