package cabtest

import "math/bits"

// A Token is a literal, if Length is 0, or a match: with what stood Distance
// before, or, if that is 0, with R0, R1 or R2, as Recent says: the three last ones.
// Length is 2 to 257.
type Token struct {
	Literal  byte
	Length   int
	Distance int
	Recent   int
}

// Literals returns data as tokens.
func Literals(data []byte) []Token {
	tokens := make([]Token, len(data))
	for i, b := range data {
		tokens[i].Literal = b
	}
	return tokens
}

// An LZX writes an LZX stream, frame by frame. It makes no search for matches:
// the tokens say what is written. They must not cross a frame; see [LZX.Room].
type LZX struct {
	// Skewed makes codes of very different lengths, up to 16 bits.
	Skewed bool

	window uint
	plain  []byte // all that was written
	blocks []Block
	frame  []byte // that is being written
	word   uint16
	n      uint // bits in word
	recent [3]int
	odd    bool // the padding of an uncompressed block is due

	mainLengths  []uint8
	matchLengths []uint8
}

// NewLZX starts a stream with a window of that many bits. CallSize, if not 0,
// is the size for which calls are said to be translated.
func NewLZX(window uint, callSize uint32) *LZX {
	slots := 2 * int(window)
	if window == 20 {
		slots = 42
	} else if window == 21 {
		slots = 50
	}
	x := &LZX{window: window, recent: [3]int{1, 1, 1}, mainLengths: make([]uint8, 256+8*slots), matchLengths: make([]uint8, 249)}
	if callSize == 0 {
		x.bits(0, 1)
	} else {
		x.bits(1, 1)
		x.bits(int(callSize>>16), 16)
		x.bits(int(callSize&0xffff), 16)
	}
	return x
}

// Plain returns what was written so far, before calls are translated back.
func (x *LZX) Plain() []byte { return x.plain }

// Room returns how many bytes the frame has left.
func (x *LZX) Room() int { return frameSize - len(x.plain)%frameSize }

// Blocks ends the stream.
func (x *LZX) Blocks() []Block {
	if n := len(x.plain) % frameSize; n > 0 {
		x.endFrame(n)
	}
	return x.blocks
}

func (x *LZX) bits(v int, n uint) {
	for ; n > 0; n-- {
		x.word = x.word<<1 | uint16(v>>(n-1)&1)
		if x.n++; x.n == 16 {
			x.frame = le.AppendUint16(x.frame, x.word)
			x.n = 0
		}
	}
}

// flush fills up the word.
func (x *LZX) flush() { x.bits(0, -x.n&15) }

func (x *LZX) endFrame(size int) {
	x.flush()
	x.blocks = append(x.blocks, Block{x.frame, size})
	x.frame = nil
}

// put adds bytes to what is written, and ends the frame that they fill.
func (x *LZX) put(b ...byte) {
	x.plain = append(x.plain, b...)
	if len(x.plain)%frameSize == 0 {
		x.endFrame(frameSize)
	}
}

func (x *LZX) header(kind, size int) {
	if x.odd {
		x.frame = append(x.frame, 0)
		x.odd = false
	}
	x.bits(kind, 3)
	x.bits(size>>8, 16)
	x.bits(size&0xff, 8)
}

// Uncompressed writes a block of data as it is. It leaves its distances as the
// recent ones.
func (x *LZX) Uncompressed(data []byte, recent [3]int) {
	x.header(3, len(data))
	if x.n == 0 {
		x.bits(0, 16)
	}
	x.flush()
	x.recent = recent
	for _, r := range recent {
		x.frame = le.AppendUint32(x.frame, uint32(r))
	}
	for _, b := range data {
		x.frame = append(x.frame, b)
		x.put(b)
	}
	x.odd = len(data)&1 == 1
}

// Verbatim writes a block of tokens.
func (x *LZX) Verbatim(tokens []Token) { x.coded(1, tokens) }

// Aligned writes a block whose distances' low bits have a code of their own.
func (x *LZX) Aligned(tokens []Token) { x.coded(2, tokens) }

func (x *LZX) coded(kind int, tokens []Token) {
	size, long := 0, false
	for _, t := range tokens {
		size += max(1, t.Length)
		long = long || t.Length > 8
	}
	if size == 0 {
		return
	}
	x.header(kind, size)
	aligned := lengthsOf(8, kind == 2 && x.Skewed)
	if kind == 2 {
		for _, n := range aligned {
			x.bits(int(n), 3)
		}
	}
	main := lengthsOf(len(x.mainLengths), x.Skewed)
	x.lengths(x.mainLengths[:256], main[:256])
	x.lengths(x.mainLengths[256:], main[256:])
	match := make([]uint8, len(x.matchLengths))
	if long {
		match = lengthsOf(len(match), x.Skewed)
	}
	x.lengths(x.matchLengths, match)
	w := symbolWriter{x, kind == 2, codesOf(main), codesOf(match), codesOf(aligned)}
	for _, t := range tokens {
		w.token(t)
	}
}

// lengthsOf returns the lengths of a code of n symbols that uses up all bits:
// as equal as possible, or with the first ones as short as possible.
func lengthsOf(n int, skewed bool) []uint8 {
	lengths := make([]uint8, n)
	first := 0
	if skewed {
		first = min(6, n-2)
	}
	for i := range first {
		lengths[i] = uint8(i + 1)
	}
	rest := lengths[first:]
	long := bits.Len(uint(len(rest) - 1))
	for i := range rest {
		rest[i] = uint8(first + long)
		if i < 1<<long-len(rest) {
			rest[i]--
		}
	}
	return lengths
}

type code struct {
	v int
	n uint
}

// codesOf returns the canonical codes of the lengths.
func codesOf(lengths []uint8) []code {
	codes := make([]code, len(lengths))
	next := 0
	for n := uint8(1); n <= 16; n++ {
		for i := range lengths {
			if lengths[i] == n {
				codes[i] = code{next, uint(n)}
				next++
			}
		}
		next <<= 1
	}
	return codes
}

// lengths writes the lengths of a code as what changed, with all the ways to
// write runs, and takes them over.
func (x *LZX) lengths(old, lengths []uint8) {
	own := lengthsOf(20, false)
	codes := codesOf(own)
	for _, n := range own {
		x.bits(int(n), 4)
	}
	put := func(symbol int) { x.bits(codes[symbol].v, codes[symbol].n) }
	for i := 0; i < len(lengths); {
		run := 1
		for i+run < len(lengths) && lengths[i+run] == lengths[i] {
			run++
		}
		change := (int(old[i]) - int(lengths[i]) + 17) % 17
		switch {
		case lengths[i] == 0 && run >= 20:
			run = min(run, 51)
			put(18)
			x.bits(run-20, 5)
		case lengths[i] == 0 && run >= 4:
			run = min(run, 19)
			put(17)
			x.bits(run-4, 4)
		case run >= 4:
			run = min(run, 5)
			put(19)
			x.bits(run-4, 1)
			put(change)
		default:
			run = 1
			put(change)
		}
		i += run
	}
	copy(old, lengths)
}

type symbolWriter struct {
	*LZX
	isAligned            bool
	main, match, aligned []code
}

func (w *symbolWriter) put(c code) { w.bits(c.v, c.n) }

func (w *symbolWriter) token(t Token) {
	if t.Length == 0 {
		w.put(w.main[t.Literal])
		w.LZX.put(t.Literal)
		return
	}
	slot, extra, n := t.Recent, 0, uint(0)
	if t.Distance > 0 {
		slot, extra, n = slotOf(t.Distance)
		w.recent = [3]int{t.Distance, w.recent[0], w.recent[1]}
	} else {
		w.recent[0], w.recent[slot] = w.recent[slot], w.recent[0]
	}
	w.put(w.main[256+8*slot+min(7, t.Length-2)])
	if t.Length >= 9 {
		w.put(w.match[t.Length-9])
	}
	if w.isAligned && n >= 3 {
		w.bits(extra>>3, n-3)
		w.put(w.aligned[extra&7])
	} else {
		w.bits(extra, n)
	}
	from := len(w.plain) - w.recent[0]
	copied := make([]byte, 0, t.Length)
	for i := range t.Length {
		if from+i < 0 || w.recent[0] <= 0 {
			copied = append(copied, 0) // there is nothing: the match is unsound
		} else if from+i < len(w.plain) {
			copied = append(copied, w.plain[from+i])
		} else {
			copied = append(copied, copied[from+i-len(w.plain)])
		}
	}
	w.LZX.put(copied...)
}

// slotOf returns the slot of a distance, and what is added to its base.
func slotOf(distance int) (slot, extra int, n uint) {
	formatted, base := distance+2, 4
	if formatted < base {
		return formatted, 0, 0
	}
	for slot = 4; ; slot++ {
		n = uint(min(17, slot/2-1))
		if formatted < base+1<<n {
			return slot, formatted - base, n
		}
		base += 1 << n
	}
}
