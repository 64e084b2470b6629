package search

import (
	"fmt"
	"sort"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
	segmentapi "github.com/blevesearch/scorch_segment_api/v2"
)

// A view is the state of an index at one time: its segments. Documents are
// numbered within each; those that were replaced or removed are not live.
type view struct {
	reader   index.IndexReader
	segments []*segment
}

type segment struct {
	seg  segmentapi.Segment
	dead *roaring.Bitmap // nil if all are live
	live *roaring.Bitmap

	mu    sync.Mutex
	cache map[string][]termDocs // of fields with few terms; nil of others
}

// termDocs is a term and the live documents that have it.
type termDocs struct {
	term string
	docs *roaring.Bitmap
}

// fewTerms is up to how many terms of a field are kept at hand. The bitmaps
// lie in the mapped file; what is kept is some hundred bytes a term.
const fewTerms = 2048

func newView(x bleve.Index) (*view, error) {
	advanced, err := x.Advanced()
	if err != nil {
		return nil, err
	}
	reader, err := advanced.Reader()
	if err != nil {
		return nil, err
	}
	snapshot, ok := reader.(*scorch.IndexSnapshot)
	if !ok {
		reader.Close()
		return nil, fmt.Errorf("a bleve index of %T", reader)
	}
	v := &view{reader: reader}
	for _, s := range snapshot.Segments() {
		v.segments = append(v.segments, &segment{seg: s.Segment(), dead: s.Deleted(), live: s.DocNumbersLive(), cache: map[string][]termDocs{}})
	}
	return v, nil
}

func (v *view) close() error { return v.reader.Close() }

// id returns a document's id.
func (s *segment) id(doc uint32) (string, error) {
	id, err := s.seg.DocID(uint64(doc))
	return string(id), err
}

// eachTerm calls do for the terms of a range that accept takes, in order, with
// the live documents that have them. The bitmap must not be changed, and is
// do's to read for as long as the view is open.
func (s *segment) eachTerm(r termRange, accept func(term string) bool, do func(term string, docs *roaring.Bitmap)) error {
	dict, err := s.seg.Dictionary(r.field)
	if err != nil {
		return err
	}
	if dict.Cardinality() > fewTerms {
		return s.readTerms(dict, r, accept, do)
	}
	terms, err := s.cached(r.field, dict)
	if err != nil {
		return err
	}
	for _, t := range terms[sort.Search(len(terms), func(i int) bool { return terms[i].term >= r.low }):] {
		if r.high != "" && t.term >= r.high {
			break
		}
		if accept == nil || accept(t.term) {
			do(t.term, t.docs)
		}
	}
	return nil
}

// cached returns all terms of a field that has few.
func (s *segment) cached(field string, dict segmentapi.TermDictionary) ([]termDocs, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	terms, ok := s.cache[field]
	if ok {
		return terms, nil
	}
	err := s.readTerms(dict, termRange{field: field}, nil, func(term string, docs *roaring.Bitmap) {
		terms = append(terms, termDocs{term, docs})
	})
	if err == nil {
		s.cache[field] = terms
	}
	return terms, err
}

// readTerms is eachTerm by the dictionary of the field. The bitmap is do's for
// good.
func (s *segment) readTerms(dict segmentapi.TermDictionary, r termRange, accept func(term string) bool, do func(term string, docs *roaring.Bitmap)) error {
	for terms := termsOf(dict, r); ; {
		entry, err := terms.Next()
		if err != nil || entry == nil {
			return err
		}
		if accept != nil && !accept(entry.Term) {
			continue
		}
		docs, err := s.postings(dict, entry.Term)
		if err != nil {
			return err
		}
		do(entry.Term, docs)
	}
}

// postings returns the live documents of a term.
func (s *segment) postings(dict segmentapi.TermDictionary, term string) (*roaring.Bitmap, error) {
	list, err := dict.PostingsList([]byte(term), s.dead, nil)
	if err != nil {
		return nil, err
	}
	docs, ok := list.Iterator(false, false, false, nil).(segmentapi.OptimizablePostingsIterator)
	if !ok {
		return nil, fmt.Errorf("a posting list of %T", list)
	}
	if doc, only := docs.DocNum1Hit(); only {
		return roaring.BitmapOf(uint32(doc)), nil
	}
	if bm := docs.ActualBitmap(); bm != nil {
		return bm, nil
	}
	return roaring.New(), nil
}

// termsOf iterates over the terms of a range, without counting their postings
// where the segment knows how to.
func termsOf(dict segmentapi.TermDictionary, r termRange) segmentapi.DictionaryIterator {
	var low, high []byte
	if r.low != "" {
		low = []byte(r.low)
	}
	if r.high != "" {
		high = []byte(r.high)
	}
	type omitter interface {
		AutomatonIteratorOmitCount(a segmentapi.Automaton, low, high []byte) segmentapi.DictionaryIterator
	}
	if d, ok := dict.(omitter); ok {
		return d.AutomatonIteratorOmitCount(nil, low, high)
	}
	return dict.AutomatonIterator(nil, low, high)
}

// documents is the number of live documents.
func (v *view) documents() uint64 {
	n := uint64(0)
	for _, s := range v.segments {
		n += s.live.GetCardinality()
	}
	return n
}
