package report

import (
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/vsswhy/vsswhy/ingest/known"
)

// Names in texts. Some are found by their form (addresses, ids, paths, DOMAIN\user,
// user@domain, DNS names), the others because a field or a path of the report has
// them. What is ours and what is a name is told like this:
//
//   - A name that is part of no word of ours is replaced wherever it stands, also
//     within a longer word.
//   - One that is part of a word of ours ("DC", "serv") is replaced as a whole word.
//   - One that is a word of ours ("backup", "System") is replaced in a text of ours
//     only where a name is due, such as behind "VM "; the sentence around it is the
//     same for every customer and gives nothing away.
//
// In texts of others, such as the engineer's notes, each is replaced as a whole word.

// prose rewrites a text.
func (x *redactor) prose(s string, as sort) string {
	if x.pass == learnFields {
		x.learnProse(s)
		return s
	}
	if as == detail {
		s = x.quoted(s)
	}
	var b strings.Builder
	look := newLookout(x, s, as == foreign)
	for at := 0; ; {
		next := look.from(at)
		if next.to == 0 {
			b.WriteString(s[at:])
			return b.String()
		}
		b.WriteString(s[at:next.from] + next.with)
		at = next.to
		if name := x.trie.across(s, next, as == foreign); name.to != 0 {
			b.WriteString(name.with)
			at = name.to
		}
	}
}

// A found is a place in a text, and what is to stand there; its zero is none.
type found struct {
	from, to int
	with     string
}

// quoted hides what somebody quotes that is none of our words.
func (x *redactor) quoted(s string) string {
	return quotation().ReplaceAllStringFunc(s, func(q string) string {
		if x.words.has(strings.Trim(q, `"`)) || strings.ContainsAny(q, `/\`) {
			return q
		}
		return `"…"`
	})
}

var quotation = pattern(`"[^"]+"`)

// learnSummary learns the machines and volumes that an event speaks of.
func (x *redactor) learnSummary(rest string) {
	if m := summaryVM().FindStringSubmatch(rest); m != nil {
		x.vm(m[1])
	}
	for _, m := range summaryVolume().FindAllStringSubmatch(rest, -1) {
		x.volume(m[1])
	}
}

var (
	summaryVM     = pattern(`^, VM (.+?)(?:, volume |, writer |, 0x|, [A-Za-z]:\\|, \\\\|$)`)
	summaryVolume = pattern(`, volume (.+?)(?:, volume |, writer |, 0x|, [A-Za-z]:\\|, \\\\|$)`)
	textNodes     = pattern(`^logs of the cluster node (.+)$`)
	textGuest     = pattern(` of the guest ([^(].*)$`)
)

// learnProse learns what our own sentences name and no field does.
func (x *redactor) learnProse(s string) {
	if m := textNodes().FindStringSubmatch(s); m != nil {
		for _, name := range strings.Split(m[1], ", ") {
			x.host(name)
		}
	}
	if m := textGuest().FindStringSubmatch(s); m != nil {
		x.vm(m[1])
	}
}

// A form is a kind of name that can be told by how it is written.
type form struct {
	re   *regexp.Regexp
	with func(x *redactor, s string) (with string, length int) // what to put in its place; and how much of it is the name, 0 if it only looks like one
	ends string                                                // it may go on to one of these characters; "": what re matches is all of it
	has  string                                                // what each such name has, to spare looking
}

// whole is a way to rewrite what can be nothing else.
func whole(with func(x *redactor, s string) string) func(x *redactor, s string) (string, int) {
	return func(x *redactor, s string) (string, int) { return with(x, s), len(s) }
}

// forms are tried in this order; of those that begin at one place the longest counts.
var forms []form

// makeForms makes them for the first report that is redacted, which few are. They are
// no value of forms, since the ways to rewrite one form use the others.
var makeForms = sync.OnceFunc(func() {
	forms = []form{
		{regexp.MustCompile(`(?i)\b(?:file|smb|https?|ldaps?|ftp)://[^\s"'<>|,;]+`), whole((*redactor).url), "", "://"},
		{regexp.MustCompile(`\bS-1-[0-9]+(?:-[0-9]+)+`), whole((*redactor).sid), "", "S-1-"},
		{regexp.MustCompile(`(?:\\\\[^\s\\"]|\b[A-Za-z]:[\\/]|\\[?]{2}\\)`), (*redactor).windowsPath, "\"<>|*\r\n⏎", ""},
		{guidIn(), whole((*redactor).guid), "", "-"},
		{regexp.MustCompile(`(?i)\b(?:iqn\.[0-9]{4}-[0-9]{2}\.[^\s,;"']+|(?:eui|naa)\.[0-9a-f]{16,32})`), whole((*redactor).iscsi), "", "."},
		{regexp.MustCompile(`[\pL\pN._%+-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)*`), whole((*redactor).user), "", "@"},
		{regexp.MustCompile(`(?:\b(?i:NT AUTHORITY|NT SERVICE)|[\pL\pN._$-]+)(?:\\[\pL\pN._$%-]+)+`), whole((*redactor).backslashed), "", "\\"},
		{regexp.MustCompile(`\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b|\b[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\b|\b(?i:00155d)[0-9A-Fa-f]{6}\b`), whole((*redactor).mac), "", ""},
		{regexp.MustCompile(`\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b`), (*redactor).ipv4, "", "."},
		{regexp.MustCompile(`[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:%[0-9A-Za-z]+)?`), (*redactor).ipv6, "", ":"},
		{regexp.MustCompile(`(?i)\b(?:MSSQL|SQLAgent|MSOLAP|ReportServer|SQLWriter)\$[\pL\pN_]+`), whole((*redactor).instance), "", "$"},
		{regexp.MustCompile(`[^\s,;:"'()\[\]<>]+!/`), (*redactor).pathUpToWord, "\",;\r\n", "!/"},
		{regexp.MustCompile(`(?i)[^\s,;:"'()\[\]<>]+\.(?:` + knownExtension + `)\b`), whole((*redactor).path), "", "."},
		{regexp.MustCompile(`[\pL\pN_-]+(?:\.[\pL\pN_-]+)+`), (*redactor).dns, "", "."},
		{regexp.MustCompile(`/[^\s,;:"'()\[\]<>]+`), whole((*redactor).posixPath), "", "/"},
	}
})

// A lookout finds the names in a text, one after the other. It looks at no part of
// it more than a few times: a log may have a text of megabytes.
type lookout struct {
	x       *redactor
	text    string
	foreign bool
	seen    []sighting // of each form
	name    found      // the next name that is known
}

// A sighting is the next place of a form. Whether it is a name is looked at only if
// nothing else comes first.
type sighting struct {
	from, to int
	over     bool // there is no more of it
	tries    int  // in a place that only looked like one, which ends at end
	end      int
}

func newLookout(x *redactor, text string, foreign bool) *lookout {
	l := &lookout{x: x, text: text, foreign: foreign, seen: make([]sighting, len(forms)), name: found{from: -1}}
	for i := range forms {
		l.seen[i].over = !strings.Contains(text, forms[i].has)
	}
	return l
}

// from returns the first name at or after a place, the longest of those that begin
// there; a known one rather than one that only has the form.
func (l *lookout) from(at int) found {
	if l.name.from < at && (l.name.to != 0 || l.name.from < 0) {
		l.name = l.x.trie.next(l.text, at, l.foreign)
	}
	for {
		i := l.nearest(at)
		if i < 0 || l.name.to != 0 && (l.name.from < l.seen[i].from || l.name.from == l.seen[i].from && l.name.to >= l.seen[i].to) {
			return l.name
		}
		p := &l.seen[i]
		if boundary(l.text, p.from) {
			if with, n := forms[i].with(l.x, l.text[p.from:p.to]); n > 0 {
				return found{p.from, p.from + n, with}
			}
		}
		l.find(i, p.after(l.text))
	}
}

// nearest returns the form that comes first, -1 if none does any more.
func (l *lookout) nearest(at int) int {
	best := -1
	for i := range l.seen {
		p := &l.seen[i]
		if !p.over && (p.to == 0 || p.from < at) {
			l.find(i, at)
		}
		if !p.over && (best < 0 || p.from < l.seen[best].from || p.from == l.seen[best].from && p.to > l.seen[best].to) {
			best = i
		}
	}
	return best
}

func (l *lookout) find(i, at int) {
	p := &l.seen[i]
	loc := forms[i].re.FindStringIndex(l.text[at:])
	if loc == nil {
		p.over = true
		return
	}
	p.from, p.to = at+loc[0], at+loc[1]
	if ends := forms[i].ends; ends != "" {
		const most = 1000 // bytes of a path
		rest := l.text[p.to:min(len(l.text), p.to+most)]
		if n := strings.IndexAny(rest, ends); n >= 0 {
			rest = rest[:n]
		}
		p.to += len(rest)
	}
}

// after is where to look on, if a place only looks like a name: at the next word in
// it, a few times, and then behind it.
func (p *sighting) after(text string) int {
	const most = 8
	if p.from >= p.end {
		p.tries, p.end = 0, p.to
	}
	if p.tries++; p.tries > most {
		return p.to
	}
	at := p.from + 1
	for at < p.to && !boundary(text, at) {
		at++
	}
	return at
}

// boundary reports whether a word may begin at a place.
func boundary(s string, at int) bool { return at == 0 || !wordRune(lastRune(s[:at])) }

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func lastRune(s string) (last rune) {
	for _, r := range s[max(0, len(s)-4):] {
		last = r
	}
	return last
}

func (x *redactor) iscsi(s string) string { return x.of("iscsi", s) }

func (x *redactor) ipv4(s string) (string, int) {
	if !isAddress(s) {
		return "", 0
	}
	return x.address(s), len(s)
}

// ipv6: a time is none.
func (x *redactor) ipv6(s string) (string, int) {
	trimmed := strings.TrimRight(s, ":.")
	if strings.HasSuffix(s, "::") && strings.Trim(s, ":") != "" {
		trimmed = s
	}
	if a, err := netip.ParseAddr(trimmed); err != nil || !a.Is6() {
		return "", 0
	}
	return x.address(trimmed), len(trimmed)
}

// instance keeps which service it is.
func (x *redactor) instance(s string) string {
	service, name, _ := strings.Cut(s, "$")
	return service + "$" + x.of("instance", name)
}

// dns takes names of a domain that is known, or that end as names of domains do.
func (x *redactor) dns(s string) (string, int) {
	low := strings.ToLower(s)
	if p := x.by[low]; p != "" {
		return p, len(s)
	}
	labels := strings.Split(low, ".")
	end := labels[len(labels)-1]
	switch {
	case strings.HasSuffix(low, ".microsoft.com") || strings.HasSuffix(low, ".windows.com"):
		return s, len(s)
	case x.inKnownDomain(low), len(labels[0]) >= 2 && (dnsEnds[end] || len(labels) > 2 && countryEnds[end]):
		return x.host(s), len(s)
	}
	return "", 0
}

func (x *redactor) inKnownDomain(name string) bool {
	for range 8 { // names of domains have no more parts
		_, domain, ok := strings.Cut(name, ".")
		if !ok {
			break
		}
		if strings.HasSuffix(x.by[domain], ".example") {
			return true
		}
		name = domain
	}
	return false
}

var (
	dnsEnds     = setOf("com net org edu gov mil int info biz local lan corp intern internal localdomain gmbh cloud arpa ads")
	countryEnds = setOf("de at ch fr it es pt nl be lu dk se no fi pl cz sk hu ro bg gr tr ru ua uk ie us ca mx br ar cl au nz jp cn kr in sg za ae il eu li si hr rs lt lv ee")
)

// channel takes the name of a log or of what writes to it: not a customer's, but
// for the names in it.
func (x *redactor) channel(s string) string {
	if x.pass == learnFields || s == "" || x.words.has(s) {
		return s
	}
	return x.prose(s, told)
}

// words are the texts of our own that a report has, in lower case, to tell which
// names are words of ours.
type words struct{ text string }

func wordsOf(r *Report) *words {
	var b strings.Builder
	b.WriteString(ownWords)
	collectOwn(&b, r)
	for _, c := range known.AllChannels() {
		b.WriteString(" " + c)
	}
	return &words{strings.ToLower(b.String()) + " "}
}

// ownWords are words of sentences that are put together, and names of Windows' own.
const ownWords = ` the a an of on in at to by from with without and or not no is are was were be has have had its it that this these those which when where who what why
 vm virtual machine machines guest guests host hosts node nodes computer cluster volume volumes disk disks writer writers log logs event events record records message messages
 backup restore job jobs system application setup security windows version list hotfix hotfixes update registry export case search clock clocks ahead behind even give take show shows order
 same content counts once source another form missing beside begin began end ended between covers beginning later versions named names unknown could can must may more than only other others
 error errors line byte bytes offset file files folder path archive member members password encrypted damaged damage unpacked nested header chunk chunks checksum read kept full text off again
 open mkdir no such file or directory permission denied access is denied the system cannot find the file specified sql server exchange default share service services user users domain `

// has reports whether something is a word of ours, or several.
func (w *words) has(s string) bool {
	s = strings.ToLower(s)
	for at := 0; ; {
		i := strings.Index(w.text[at:], s)
		if i < 0 || s == "" {
			return false
		}
		from := at + i
		to := from + len(s)
		if boundary(w.text, from) && !wordRune(firstRune(w.text[to:])) {
			return true
		}
		at = from + 1
	}
}

// contains reports whether something is a part of a word of ours.
func (w *words) contains(s string) bool { return strings.Contains(w.text, strings.ToLower(s)) }

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}
