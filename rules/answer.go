package rules

import (
	"fmt"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/rules/report"
	"github.com/vsswhy/vsswhy/rules/scene"
)

// An Answer is what the engineer knows of a criterion that the logs leave open:
// whether its text holds. It counts for every occurrence of one finding, and
// only where the logs are silent: what they show, met or unmet, wins.
//
// What a yes means follows from the role, as if the logs had said it: of a
// required or discriminating criterion it speaks for the issue, of an excluding
// one it rules the issue out (or caps the verdict at the criterion's limit). The
// anchor can't be answered: a finding begins with evidence.
type Answer struct {
	Rule      string
	Host      string // by any of its names
	VM        string // by its name, or if it has none its id; "" if none is known
	Volume    string
	Criterion string    // by its id
	Value     string    // yes, no or unknown
	Note      string    // how the engineer knows
	Time      time.Time // when it was given
}

// answerGrade is how sure an answer is. It can complete a confirmation, since
// that asks for required criteria that are positively met, not for who met
// them; but like what is inferred it makes the finding a candidate. It is no
// worse than that where the criterion's own grade is MEM, because it does not
// rest on the ids that are known from memory.
const answerGrade = GradeINF

// answerValues are what the values say of the criterion.
var answerValues = map[string]State{"yes": Met, "no": Unmet, "unknown": Unknown}

// said is an answer, and how it fared.
type said struct {
	Answer
	state                   State
	text                    string // the criterion's
	fault                   string // why it can't count; "" if it can
	used, agreed, disagreed int    // occurrences where the logs were silent, said the same, or the contrary
}

// A reply is an answer as it bears on one criterion of one occurrence.
type reply struct {
	*said
	state State  // of this criterion
	from  string // the text of the criterion that was answered, if this one follows from it
	logs  string
}

// What the logs say to an answer.
const (
	logsSilent   = "silent" // so the answer counts
	logsAgree    = "agree"
	logsDisagree = "disagree"
)

// answerBook finds the answer to a question.
type answerBook struct {
	list  []*said // as they were given
	index map[answerKey]*said
}

type answerKey struct {
	rule, criterion string
	host            *scene.Host
	vm, volume      string // in lower case
}

func newAnswerBook(s *Set, sc *scene.Scene, answers []Answer) *answerBook {
	b := &answerBook{index: map[answerKey]*said{}}
	for _, a := range answers {
		x := &said{Answer: a, state: answerValues[a.Value]}
		x.check(s, sc)
		b.list = append(b.list, x)
		if x.fault == "" {
			b.add(answerKey{a.Rule, a.Criterion, sc.Host(a.Host), strings.ToLower(a.VM), strings.ToLower(a.Volume)}, x)
		}
	}
	return b
}

// add indexes an answer; of two to the same question the later one counts.
func (b *answerBook) add(key answerKey, x *said) {
	const replaced = "a later answer replaced it"
	if old := b.index[key]; old != nil {
		if old.Time.After(x.Time) {
			x.fault = replaced
			return
		}
		old.fault = replaced
	}
	b.index[key] = x
}

// check looks for what keeps an answer from ever counting. Rules change, and so
// do the logs of a case: an answer that no longer fits is no error.
func (x *said) check(s *Set, sc *scene.Scene) {
	rule := s.rule(x.Rule)
	if rule == nil {
		x.fault = fmt.Sprintf("there is no rule %q", x.Rule)
		return
	}
	c := rule.criterion(x.Criterion)
	_, valid := answerValues[x.Value]
	switch {
	case x.Criterion == anchorID:
		x.text, x.fault = rule.AnchorText, "only logs can show the anchor"
		return
	case c == nil:
		x.fault = fmt.Sprintf("the rule has no criterion %q", x.Criterion)
		return
	case !valid:
		x.fault = fmt.Sprintf("%q is neither yes, no nor unknown", x.Value)
	case sc.Host(x.Host) == nil:
		x.fault = "there are no logs of that computer"
	}
	x.text = c.Text
}

// about returns the answer to a criterion for a subject, or nil. A machine may
// have been answered for by its id, before logs gave its name.
func (b *answerBook) about(rule *compiledRule, sub *subject, criterion string) *said {
	names := []string{sub.name}
	if sub.vm != nil {
		names = []string{sub.vm.Name, sub.vm.ID}
	}
	for _, name := range names {
		if name == "" && sub.vm != nil {
			continue
		}
		key := answerKey{rule.ID, criterion, sub.host, strings.ToLower(text(name)), strings.ToLower(text(sub.volume))}
		if x := b.index[key]; x != nil {
			return x
		}
	}
	return nil
}

// settle gives a finding's criteria the answers to them, and then what those
// imply for other criteria.
func (b *answerBook) settle(f *finding) {
	if len(b.index) == 0 {
		return
	}
	implied := map[string]*reply{}
	for _, o := range f.outcomes {
		x := b.about(f.rule, f.sub, o.ID)
		if x == nil {
			continue
		}
		if o.hear(x) {
			o.imply(implied)
		}
	}
	for _, o := range f.outcomes {
		if r := implied[o.ID]; r != nil && r.state != Unknown && o.reply == nil && o.silent() {
			o.take(r)
		}
	}
}

// silent reports whether the logs say nothing of the criterion. Where a test
// takes silence for a no, they are silent all the same.
func (o *outcome) silent() bool { return o.state == Unknown || o.assumed }

// hear takes an answer if the logs are silent, and else notes what they say
// to it. It reports whether the answer counts.
func (o *outcome) hear(x *said) bool {
	r := &reply{said: x, state: x.state, logs: logsSilent}
	switch {
	case o.silent():
		if x.state != Unknown {
			x.used++
		}
		o.take(r)
		return true
	case x.state == Unknown: // the logs know what the engineer does not
		return false
	case x.state == o.state:
		r.logs = logsAgree
		x.agreed++
	default:
		r.logs = logsDisagree
		x.disagreed++
	}
	o.reply = r
	return false
}

func (o *outcome) take(r *reply) {
	o.reply = r
	if r.state != Unknown {
		o.state, o.grade, o.assumed, o.cites = r.state, answerGrade, false, nil
	}
}

// imply notes what an answer means for other criteria. Two answers that imply
// contrary things leave the question open.
func (o *outcome) imply(implied map[string]*reply) {
	states := map[State]map[string]State{Met: o.IfYes, Unmet: o.IfNo}[o.reply.state]
	for id, state := range states {
		if old := implied[id]; old == nil {
			implied[id] = &reply{said: o.reply.said, state: state, from: o.Text, logs: logsSilent}
		} else if old.state != state {
			old.state = Unknown
		}
	}
}

// answered reports whether a verdict rests on an answer.
func (f *finding) answered() bool { return f.verdict != f.unaided }

// report says what was answered and what became of it.
func (x *said) report() report.Answer {
	return report.Answer{
		Rule: text(x.Rule), Host: text(x.Host), VM: text(x.VM), Volume: text(x.Volume), Criterion: text(x.Criterion), Text: x.text,
		Answer: text(x.Value), Note: text(x.Note), Time: at(x.Time), Used: x.used > 0, Outcome: text(x.outcome()),
	}
}

func (x *said) outcome() string {
	switch {
	case x.fault != "":
		return x.fault
	case x.used > 0 && x.disagreed > 0:
		return "counts where the logs are silent; elsewhere they contradict it"
	case x.used > 0:
		return "counts, because the logs are silent"
	case x.disagreed > 0:
		return "the logs contradict it"
	case x.agreed > 0:
		return "the logs confirm it"
	case x.state == Unknown:
		return "leaves the question as it is"
	}
	return "there is no such finding"
}

// report says what was answered to one criterion.
func (r *reply) report() *report.CriterionAnswer {
	value := map[State]string{Met: "yes", Unmet: "no", Unknown: "unknown"}[r.state]
	return &report.CriterionAnswer{Value: value, Note: text(r.Note), Time: at(r.Time), From: r.from, Logs: r.logs}
}
