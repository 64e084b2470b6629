// Package rules decides what explains a failure. A rule is data (a YAML file,
// see rules/builtin): an anchor, the evidence without which nobody would think
// of it, and criteria with roles. Every test has three outcomes: met, unmet
// and unknown, and the verdict follows from the outcomes alone.
//
// Start with Load, which reads rules and checks them, and Diagnose, which
// evaluates them over a scene and makes the report.
package rules

import (
	"fmt"
	"strings"
	"time"
)

// A Rule is one known issue: how to recognise it, what tells it from its
// look-alikes, and what to do. Definition and outcome are two types; see
// outcome for the latter.
type Rule struct {
	Schema     int       `yaml:"schema"` // 1
	ID         string    `yaml:"id"`     // stable; the file's name
	Issue      int       `yaml:"issue"`  // of KB975354, else 0
	Title      string    `yaml:"title"`
	Override   bool      `yaml:"override"` // it takes the place of the rule of this id that is there already
	Severity   string    `yaml:"severity"`
	About      About     `yaml:"about"`       // what the rule is evaluated for
	Near       Duration  `yaml:"near"`        // about an incident: how far from it a failed backup is that it explains
	OnlyNear   bool      `yaml:"only_near"`   // about an incident: without a failed backup near it says nothing
	WholeHost  bool      `yaml:"whole_host"`  // about an incident: it concerns the backups of all machines, whichever it names
	Applies    Applies   `yaml:"applies"`     // to which versions of Windows
	Logs       []LogNeed `yaml:"logs"`        // without these on a host, the anchor can't be seen
	YieldsTo   []string  `yaml:"yields_to"`   // rules that, if likely for the same failure, leave this one possible
	NotChecked []string  `yaml:"not_checked"` // what no log can show, for people

	Signals     map[string]*Matcher `yaml:"signals"`
	Terms       map[string]*Test    `yaml:"terms"` // named parts, for uses
	Anchor      *Test               `yaml:"anchor"`
	AnchorText  string              `yaml:"anchor_text"`
	AnchorGrade Grade               `yaml:"anchor_grade"`
	Criteria    []*Criterion        `yaml:"criteria"`

	Remediation []Step      `yaml:"remediation"`
	References  []Reference `yaml:"references"`
	Tests       []*Example  `yaml:"tests"`
	KnownFalse  []string    `yaml:"known_false"`
}

// About names what a rule is evaluated for.
type About string

// The subjects of rules.
const (
	AboutBackupFailure About = "backup-failure" // each backup that failed
	AboutRestore       About = "restore"        // each restore, failed or not
	AboutGuestBackup   About = "guest-backup"   // each backup of a host, with each guest on it
	AboutIncident      About = "incident"       // events of the anchor's signal, and the failed backups near them
)

// Applies are the versions of Windows that a rule is about: those from From on
// and below Below. A computer whose version is not known may be one of them.
type Applies struct {
	From  string `yaml:"os_from"`
	Below string `yaml:"os_below"`
}

// severityInfo is of rules that tell what is no failure. They explain none.
const severityInfo = "info"

// A LogNeed is a channel that a rule needs of the host or of the guest.
type LogNeed struct {
	Of      string `yaml:"of"` // "host" or "guest"
	Channel string `yaml:"channel"`
	Collect string `yaml:"collect"` // how to get it
}

// Role says what a criterion's outcome means for the verdict.
type Role string

// The roles.
const (
	RoleAnchor         Role = "anchor"
	RoleRequired       Role = "required"
	RoleDiscriminating Role = "discriminating" // tells the issue from its look-alikes
	RoleSupporting     Role = "supporting"
	RoleExcluding      Role = "excluding"
)

// Grade says how sure a source is, from the best to the worst.
type Grade string

// The grades (domain: MS text, binaries, vendor, community, inferred, memory).
const (
	GradeMS  Grade = "MS"
	GradeSRC Grade = "SRC"
	GradeVEN Grade = "VEN"
	GradeCOM Grade = "COM"
	GradeINF Grade = "INF"
	GradeMEM Grade = "MEM"
)

var gradeOrder = map[Grade]int{GradeMS: 0, GradeSRC: 1, GradeVEN: 2, GradeCOM: 3, GradeINF: 4, GradeMEM: 5}

// What a test's silence may mean; see Test.Silence.
const (
	silenceUnknown = "unknown"
	silenceUnmet   = "unmet"
)

// A Criterion is one test with a role.
type Criterion struct {
	ID      string `yaml:"id"`
	Role    Role   `yaml:"role"`
	Text    string `yaml:"text"` // what it asks, for people
	Grade   Grade  `yaml:"grade"`
	Collect string `yaml:"collect"` // what would settle it, if unknown
	// Limit, of an excluding criterion, is the best verdict that remains if it
	// is met; without it the rule is ruled out.
	Limit Verdict `yaml:"limit"`
	// Artefact says that no log can show it, only collected text: unknown is
	// then listed as not checked and does not keep the verdict down.
	Artefact bool `yaml:"artefact"`
	// IfYes and IfNo say what the engineer's answer to this question implies for
	// other criteria of the rule, by id: two questions may be one, or opposites.
	IfYes map[string]State `yaml:"if_yes"`
	IfNo  map[string]State `yaml:"if_no"`
	Test  `yaml:",inline"`
}

// A Test is one node of a condition: exactly one operator, and what goes with
// it. Where a test is unknown, the result says which log or artefact would
// settle it.
type Test struct {
	All     []*Test `yaml:"all"`      // unmet if one is; else unknown if one is
	Any     []*Test `yaml:"any"`      // met if one is; else unknown if one is
	Not     *Test   `yaml:"not"`      // unknown stays unknown
	IfKnown *Test   `yaml:"if_known"` // unknown counts as unmet
	Uses    string  `yaml:"uses"`     // a named term

	Signal   string   `yaml:"signal"`    // an event that a named matcher matches
	Job      string   `yaml:"job"`       // a job of this kind
	Sequence []*Test  `yaml:"sequence"`  // signals in this order, all before the subject's time
	Fact     string   `yaml:"fact"`      // what is known of a computer or of the subject
	Subject  string   `yaml:"subject"`   // a property of the subject
	Update   *Update  `yaml:"update"`    // a hotfix is on the computer
	On       string   `yaml:"on"`        // whose events or facts: host, guest, others, nodes, subject, failure
	Same     []string `yaml:"same"`      // join keys with the subject: vm, volume
	Differ   []string `yaml:"differ"`    // of these the event names another than the subject's: vm, volume, host
	VolumeOf string   `yaml:"volume_of"` // of a volume that the computer's own events of this signal name, in the same window
	As       string   `yaml:"as"`        // binds the matched event to a name

	// When: at most one of these; without one, at any time.
	Within  Duration `yaml:"within"`  // around the subject
	Before  Duration `yaml:"before"`  // this long before the subject's time
	After   Duration `yaml:"after"`   // this long after the subject's end
	During  bool     `yaml:"during"`  // between the subject's start and end
	Between []string `yaml:"between"` // two bound events

	// Loose takes events of other hosts whose order with the subject is not sure.
	Loose bool `yaml:"loose"`

	// Silence "unknown": that there is no such event says nothing, because
	// another program or version would not write it. Silence "unmet": that there
	// is no log of it at all is as good as no event, because few computers have
	// that log; one that does not cover the time still leaves it unknown.
	Silence string `yaml:"silence"`

	// Count and Apart: at least so many occurrences, each group this far from
	// the next.
	Count int      `yaml:"count"`
	Apart Duration `yaml:"apart"`

	// What a fact's value is compared with: exactly one.
	Is      string `yaml:"is"`
	IsNot   string `yaml:"is_not"`
	Below   string `yaml:"below"`    // as version
	AtLeast string `yaml:"at_least"` // as version or number
	Empty   *bool  `yaml:"empty"`

	// Grade of this part, where it differs from its criterion's.
	Sure Grade `yaml:"sure"`
}

// An Update names a hotfix by number and by the file that it replaces.
type Update struct {
	KB      string `yaml:"kb"`
	File    string `yaml:"file"`
	FixedIn string `yaml:"fixed_in"`
}

// A Matcher matches events by what no language changes: provider, id, codes,
// GUIDs, and parts of parameters.
type Matcher struct {
	Any      []*Matcher        `yaml:"any"` // one of these
	Provider Strings           `yaml:"provider"`
	ID       IDs               `yaml:"id"`
	Code     Strings           `yaml:"code"`     // one of these error codes, in any spelling
	Writer   string            `yaml:"writer"`   // a VSS writer's class id
	Contains Strings           `yaml:"contains"` // one of these in a parameter, without regard to case; %vm is the machine's name
	Field    map[string]string `yaml:"field"`    // a named parameter has this value
	Under    string            `yaml:"under"`    // a path lies under this property of the subject: "target"
	OSBelow  string            `yaml:"os_below"` // the computer's Windows version, if known
	OSFrom   string            `yaml:"os_from"`
	Not      *Matcher          `yaml:"not"`
}

// A Step of the remedy. Commands are shown and copied, never run.
type Step struct {
	Text  string `yaml:"text"`
	Run   string `yaml:"run"`
	Shell string `yaml:"shell"`
	Risk  string `yaml:"risk"` // read-only, change, restart
}

// A Reference to read.
type Reference struct {
	Title string `yaml:"title"`
	URL   string `yaml:"url"`
}

// Shared holds signals and terms that several rules use.
type Shared struct {
	Schema  int                 `yaml:"schema"`
	Signals map[string]*Matcher `yaml:"signals"`
	Terms   map[string]*Test    `yaml:"terms"`
}

// Duration is a time span in rules: "10m", "24h".
type Duration time.Duration

// String is the duration without parts that are zero.
func (d Duration) String() string {
	s := strings.Replace(time.Duration(d).String(), "m0s", "m", 1)
	return strings.Replace(s, "h0m", "h", 1)
}

const longestWindow = 366 * 24 * time.Hour

// UnmarshalText reads a Go duration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v <= 0 || v > longestWindow {
		return fmt.Errorf("%q is no duration: want for example 10m or 24h, and at most a year", text)
	}
	*d = Duration(v)
	return nil
}
