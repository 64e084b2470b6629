package artefact

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// The log of the cluster service, as Get-ClusterLog and "cluster log /gen" write
// it. Its lines are never translated:
//
//	00000b0c.00000d58::2010/03/14-23:01:40.120 INFO  [RCM] move of group FILE07 from NODE-A(1) to NODE-B(2) of type MoveType::Manual is about to succeed, …
//	process  thread    time, UTC unless said     component
//
// Since Windows Server 2016 sections stand before them, which name the build and
// the node, and say if times are local:
//
//	[=== Cluster ===]
//	Build Number 14393
//	The logs were generated using local time
//	Current node: name (NODE-A) id (1)
var (
	clusterLine  = pattern(`^[0-9a-f]{8}\.[0-9a-f]{8}::([0-9]{4}/[0-9]{2}/[0-9]{2}-[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}) `)
	groupMove    = pattern(`\[RCM\] move of group (.+) from (.+)\([0-9]+\) to (.+)\([0-9]+\) of type MoveType::([A-Za-z]+) is about to succeed`)
	clusterBuild = pattern(`^Build Number ([0-9]{5})$`)
	clusterNode  = pattern(`^Current node: name \(([^()]+)\) id \([0-9]+\)$`)
)

const (
	clusterSection = "[=== Cluster ===]"
	clusterLocal   = "The logs were generated using local time"
	clusterTime    = "2006/01/02-15:04:05.000"

	// maxMoves is how many moves of groups are kept, the latest ones.
	maxMoves = 1000
)

func knownClusterLog(t *text) bool {
	first := t.first().text
	return clusterLine().MatchString(first) || strings.HasPrefix(first, clusterSection)
}

// A clusterLog is what was read of one.
type clusterLog struct {
	facts *facts
	moves []placedMove
	past  bool // the sections before the lines
	local bool
	cut   int // moves that were not kept
}

type placedMove struct {
	line line
	fact event.Fact
}

// readClusterLog reads a log line by line: it may have gigabytes.
func readClusterLog(r io.Reader, f *facts) error {
	c := &clusterLog{facts: f}
	err := rawLines(r, func(l line) {
		f.src.Records++
		c.line(l)
	})
	for i, m := range c.moves {
		if i == 0 && c.cut > 0 {
			m.fact.Note += fmt.Sprintf("; %d moves before it are not listed", c.cut)
		}
		f.add(m.line, m.fact)
	}
	if !c.local && c.past {
		f.src.Basis = event.BasisUTC
	}
	return err
}

func (c *clusterLog) line(l line) {
	if !c.past && !clusterLine().MatchString(l.text) {
		c.head(l)
		return
	}
	c.past = true
	if !strings.Contains(l.text, "[RCM] move of group ") {
		return
	}
	at, move := clusterLine().FindStringSubmatch(l.text), groupMove().FindStringSubmatch(l.text)
	if at == nil || move == nil {
		return
	}
	fact := event.Fact{Key: event.FactGroupMove, Name: move[1], Value: move[2] + " to " + move[3], Note: move[4]}
	if t, err := time.Parse(clusterTime, at[1]); err == nil && !c.local {
		fact.Time = t
	}
	if len(c.moves) == maxMoves {
		c.moves, c.cut = append(c.moves[:0], c.moves[1:]...), c.cut+1
	}
	c.moves = append(c.moves, placedMove{l, fact})
}

// head reads a line of the sections.
func (c *clusterLog) head(l line) {
	text := strings.TrimSpace(l.text)
	if strings.HasPrefix(text, clusterLocal) {
		c.local, c.facts.src.Basis = true, event.BasisLocal
	}
	if m := clusterNode().FindStringSubmatch(text); m != nil {
		c.facts.computer(l, m[1])
	}
	// Builds of five digits are all of version 10.0.
	if m := clusterBuild().FindStringSubmatch(text); m != nil {
		c.facts.add(l, event.Fact{Key: event.FactOSBuild, Value: "10.0." + m[1]})
	}
}

// rawLines reads lines of UTF-8, or of UTF-16, of which it keeps the ASCII. Of a line
// that is too long it keeps the beginning.
func rawLines(r io.Reader, do func(line)) error {
	const longest = 64 << 10
	in := bufio.NewReaderSize(r, longest)
	head, _ := in.Peek(2)
	order := newText(head).order
	var at int64
	for no := 1; ; no++ {
		raw, err := in.ReadSlice('\n')
		l := line{no: no, offset: at, text: clusterText(raw, order != nil)}
		for at += int64(len(raw)); errors.Is(err, bufio.ErrBufferFull); at += int64(len(raw)) {
			raw, err = in.ReadSlice('\n')
		}
		if order == binary.LittleEndian && err == nil {
			n, _ := in.Discard(1) // the high byte of the line end
			at += int64(n)
		}
		if at > l.offset {
			do(l)
		}
		if err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
	}
}

func clusterText(raw []byte, wide bool) string {
	raw = bytes.TrimRight(raw, "\r\n\x00")
	if wide {
		raw = bytes.ReplaceAll(raw, []byte{0}, nil)
		raw = bytes.TrimPrefix(bytes.TrimPrefix(raw, []byte{0xff, 0xfe}), []byte{0xfe, 0xff})
	}
	return strings.ToValidUTF8(strings.TrimPrefix(strings.TrimRight(string(raw), "\r"), "\ufeff"), "\ufffd")
}
