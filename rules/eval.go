package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/rules/scene"
)

// State is the outcome of a test. Greater is more met, so that all is the
// least of its parts and any the greatest.
type State int8

// The outcomes.
const (
	Unmet   State = -1
	Unknown State = 0
	Met     State = 1
)

func (s State) String() string { return [...]string{"unmet", "unknown", "met"}[s+1] }

// UnmarshalText reads what an answer implies.
func (s *State) UnmarshalText(text []byte) error {
	switch string(text) {
	case Met.String():
		*s = Met
	case Unmet.String():
		*s = Unmet
	default:
		return fmt.Errorf("%q is neither met nor unmet", text)
	}
	return nil
}

// A subject is what a rule is evaluated for: a failure, a restore, a backup
// together with a guest, or an incident.
type subject struct {
	host     *scene.Host
	vm       *scene.VM
	name     string // of a restored component without a machine
	volume   string // one of the failure's cluster shared volumes, or ""
	at       time.Time
	from, to time.Time
	events   []*scene.Event
	failure  *scene.Failure
	job      *scene.Job
	inferred bool     // that the subject is of this machine is inferred from the time alone
	signal   *matcher // of an incident: what all of its events match
}

func (s *subject) guest() *scene.Host {
	if s.vm == nil {
		return nil
	}
	return s.vm.Guest
}

// span is the subject's own time, start to end.
func (s *subject) span() (from, to time.Time) {
	if s.from.IsZero() {
		return s.at, s.to
	}
	return s.from, s.to
}

// A result is a test's outcome and what it rests on.
type result struct {
	state   State
	cites   []scene.Citation
	missing []lack // what would settle it, if unknown
	grade   Grade
	assumed bool   // the state is only what silence is taken for: by if_known, or by the test itself
	reply   *reply // what the engineer said, if anything
}

// An outcome is a criterion's result.
type outcome struct {
	*Criterion
	result
}

// budget bounds the work of one diagnosis: how often events, failures and jobs may be
// looked at.
// A bundle of an honest cluster takes thousands; a log of a million forged
// failures in one minute would take days.
type budget struct{ left int }

const (
	closeLook   = 20          // what a look costs that reads an event's values
	maxLooks    = 200_000_000 // some seconds
	maxSubjects = 5_000       // of one rule
	maxReported = 10_000      // failures; and jobs
)

func (b *budget) spend(n int) { b.left -= n + 1 }

// evaluator evaluates one rule for one subject.
type evaluator struct {
	scene  *scene.Scene
	rule   *compiledRule
	sub    *subject
	bound  map[string]*scene.Event
	broken map[string]State // sequences that did not bind their names, and why
	finder *finder
}

// grade of a leaf: its own, or the criterion's.
func (ev *evaluator) test(t *Test, grade Grade) result {
	if t.Sure != "" {
		grade = t.Sure
	}
	switch {
	case len(t.All) > 0:
		return ev.all(t.All, grade)
	case len(t.Any) > 0:
		return ev.any(t.Any, grade)
	case t.Not != nil:
		r := ev.test(t.Not, grade)
		r.state = -r.state
		return r
	case t.IfKnown != nil:
		r := ev.test(t.IfKnown, grade)
		if r.state == Unknown {
			r = result{state: Unmet, grade: grade, assumed: true}
		}
		return r
	case t.Uses != "":
		return ev.test(ev.rule.terms[t.Uses], grade)
	}
	r := ev.leaf(t)
	r.grade = grade
	return r
}

func (ev *evaluator) leaf(t *Test) result {
	switch {
	case len(t.Sequence) > 0:
		return ev.sequence(t)
	case t.Signal != "":
		return ev.signal(t)
	case t.Job != "":
		return ev.job(t)
	case t.Subject != "":
		return ev.property(t.Subject)
	case t.Update != nil:
		return ev.update(t)
	default:
		return ev.fact(t)
	}
}

// all keeps the parts that decided: those that are as bad as the worst, and
// where all are met, every part. Its grade is that of its weakest part.
func (ev *evaluator) all(parts []*Test, grade Grade) result {
	out := result{state: Met, grade: grade}
	var results []result
	for _, p := range parts {
		r := ev.test(p, grade)
		out.state = min(out.state, r.state)
		results = append(results, r)
	}
	for _, r := range results {
		if r.state == out.state {
			out.cites = append(out.cites, r.cites...)
			out.missing = appendNew(out.missing, r.missing...)
			if gradeOrder[r.grade] > gradeOrder[out.grade] {
				out.grade = r.grade
			}
		}
	}
	return out
}

// any keeps the parts that decided: the met ones, or all if none is. Its grade
// is that of the best met part.
func (ev *evaluator) any(parts []*Test, grade Grade) result {
	out := result{state: Unmet}
	var results []result
	for _, p := range parts {
		r := ev.test(p, grade)
		out.state = max(out.state, r.state)
		results = append(results, r)
	}
	for _, r := range results {
		if r.state != out.state {
			continue
		}
		out.cites = append(out.cites, r.cites...)
		out.missing = appendNew(out.missing, r.missing...)
		if out.grade == "" || gradeOrder[r.grade] < gradeOrder[out.grade] {
			out.grade = r.grade
		}
	}
	return out
}

// unique returns a list without its repetitions.
func unique[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	return only(list, func(x T) bool {
		again := seen[x]
		seen[x] = true
		return !again
	})
}

// appendNew is for short lists.
func appendNew[T comparable](list []T, more ...T) []T {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// hosts resolves "on": whose events count. Where it isn't known who all of them are,
// missing says what is needed.
func (ev *evaluator) hosts(on string) (hosts []*scene.Host, missing string) {
	switch on {
	case "guest":
		if g := ev.sub.guest(); g != nil {
			return []*scene.Host{g}, ""
		}
		return nil, "logs and systeminfo of the guest " + ev.sub.vm.Label()
	case "others":
		return ev.otherNodes()
	case "nodes":
		others, missing := ev.otherNodes()
		return append([]*scene.Host{ev.sub.host}, others...), missing
	default:
		return []*scene.Host{ev.sub.host}, ""
	}
}

// besides are the cluster nodes of the bundle but one.
type besides struct {
	hosts   []*scene.Host
	missing string // what keeps them from being all there are
}

// maxNodes bounds the nodes that may be of one cluster. A cluster has at most 64, and
// several may be in one domain.
const maxNodes = 256

func (ev *evaluator) otherNodes() (nodes []*scene.Host, missing string) {
	others, ok := ev.finder.nodes[ev.sub.host]
	if !ok {
		others = nodesBeside(ev.sub.host, ev.scene)
		ev.finder.nodes[ev.sub.host] = others
		ev.finder.spend(len(ev.scene.Hosts))
	}
	return others.hosts, others.missing
}

// nodesBeside: with no other nodes, or with nodes named that sent no logs, nobody knows
// what the others did.
func nodesBeside(host *scene.Host, sc *scene.Scene) (others besides) {
	absent := sc.AbsentNodes()
	for _, h := range sc.Hosts {
		if h == host || !h.Cluster() || !h.MayShareCluster(host) {
			continue
		}
		if len(others.hosts) == maxNodes {
			others.missing = fmt.Sprintf("which of more than %d cluster nodes are of one cluster with %s", maxNodes, host.Name)
			return others
		}
		others.hosts = append(others.hosts, h)
	}
	switch {
	case len(absent) > 0:
		others.missing = "logs of the cluster node " + strings.Join(absent, ", ")
	case len(others.hosts) == 0:
		others.missing = "logs of the other cluster nodes"
	}
	return others
}
