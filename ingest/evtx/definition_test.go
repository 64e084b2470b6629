package evtx

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// chunksOf are the chunks of a log.
func chunksOf(log []byte) (chunks [][]byte) {
	for off := fileHeaderSize; off+chunkSize <= len(log); off += chunkSize {
		if c := log[off : off+chunkSize]; bytes.HasPrefix(c, chunkMagic) {
			chunks = append(chunks, c)
		}
	}
	return chunks
}

// definitionsOf are the definitions of a chunk, compiled, by their offsets.
func definitionsOf(chunk []byte) map[int]*definition {
	d := &decoder{}
	d.plans.enterBlock()
	d.data, d.out, d.unnamed = chunk, &block{}, newProvider("", nil)
	d.readRecords(chunk)
	found := map[int]*definition{}
	for off := range chunkSize {
		if p, ok := d.plans.offsets.get(off); ok {
			found[off] = compiled(chunk, off, p.scope)
		}
	}
	return found
}

// compiled compiles the definition at an offset of a chunk, nil if it can't be.
func compiled(chunk []byte, off int, s scope) *definition {
	d := &decoder{}
	d.plans.enterBlock()
	d.enter(chunk, false)
	key := planKey{[16]byte(chunk[off+4:]), s}
	if _, err := d.define(off, key); err != nil {
		return nil
	}
	return d.plans.known[key]
}

func at(chunk []byte, off int) cursor {
	begin := off + definitionSize
	return cursor{b: chunk, pos: begin, end: begin + int(le.Uint32(chunk[off+20:]))}
}

// The definitions of one GUID in the chunks of a log match each other, whatever
// the offsets within are, and then their plans are the same.
func TestDefinitionMatches(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(realData, "*", "*.evtx"))
	if err != nil || len(files) == 0 {
		t.Skipf("real logs are not at hand: %v", err)
	}
	matched, others, moved := 0, 0, 0
	for _, file := range files {
		log, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		known := map[planKey]*definition{}
		for _, chunk := range chunksOf(log) {
			for off, def := range definitionsOf(chunk) {
				key := planKey{[16]byte(chunk[off+4:]), def.plan.scope}
				before := known[key]
				known[key] = def
				switch {
				case before == nil:
				case !before.matches(at(chunk, off)):
					others++
				case !reflect.DeepEqual(before.plan, def.plan):
					t.Fatalf("%s: definition %x matches another one, but their plans differ", file, key.guid)
				default:
					matched++
					if len(before.xml) != len(def.xml) {
						moved++
					}
				}
			}
		}
	}
	t.Logf("%d matched, %d of them of another size, %d did not", matched, moved, others)
	if matched < 1000 || moved == 0 || others > matched/100 {
		t.Errorf("%d matched, %d of them of another size, %d did not", matched, moved, others)
	}
}

// A definition of which a byte is wrong matches only if the byte says nothing.
func TestDefinitionSpoilt(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	matched, refused := 0, 0
	for _, name := range []string{"plaso/System.evtx", "omerbenamram-evtx/security.evtx"} {
		chunk := bytes.Clone(chunksOf(realLog(t, name))[0])
		for off, def := range definitionsOf(chunk) {
			for i := range chunkSize {
				if i%1009 != 0 && (i < off || i >= off+definitionSize+len(def.xml)) || i >= off && i < off+20 {
					continue
				}
				old := chunk[i]
				chunk[i] ^= byte(1 + rng.IntN(255))
				if begin := off + definitionSize; int(le.Uint32(chunk[off+20:])) <= len(chunk)-begin && def.matches(at(chunk, off)) {
					matched++
					if now := compiled(chunk, off, def.plan.scope); now == nil || !reflect.DeepEqual(now.plan, def.plan) {
						t.Fatalf("%s: the definition at %d matches with another byte at %d, but has another plan", name, off, i)
					}
				} else {
					refused++
				}
				chunk[i] = old
			}
		}
	}
	if matched == 0 || refused == 0 {
		t.Errorf("%d matched, %d did not", matched, refused)
	}
}
