package evtx

import (
	"bytes"
	"context"
	"hash/crc32"
	"testing"

	"github.com/vsswhy/vsswhy/ingest/event"
)

// grownLog makes a large sound log of the chunks of real ones: a chunk stands
// for itself, so only the record numbers and the checksums need to be written.
func grownLog(b *testing.B, size int) []byte {
	b.Helper()
	var chunks [][]byte
	for _, name := range []string{
		"plaso/System.evtx", "omerbenamram-evtx/security.evtx", "python-evtx/issue_43.evtx",
		"omerbenamram-evtx/sample-with-irregular-bool-values.evtx", "ts-evtx/Application.evtx",
		"ts-evtx/System.evtx", "splunk-attack-data/dc-Application.evtx", "omerbenamram-evtx/2-vss_7-System.evtx",
	} {
		log := realLog(b, name)
		for off := fileHeaderSize; off+chunkSize <= len(log); off += chunkSize {
			if c := log[off : off+chunkSize]; bytes.HasPrefix(c, chunkMagic) {
				chunks = append(chunks, c)
			}
		}
	}
	return joinChunks(chunks, size/chunkSize)
}

// joinChunks makes a log of n chunks, taken in turn.
func joinChunks(chunks [][]byte, n int) []byte {
	log := make([]byte, fileHeaderSize, fileHeaderSize+n*chunkSize)
	var record uint64
	for i := range n {
		c := bytes.Clone(chunks[i%len(chunks)])
		free := min(max(int(le.Uint32(c[48:])), chunkHeaderSize), chunkSize)
		for off := chunkHeaderSize; ; {
			size, ok := soundAt(c[:free], off)
			if !ok {
				break
			}
			record++
			le.PutUint64(c[off+8:], record)
			off += size
		}
		fixChunk(c)
		log = append(log, c...)
	}
	copy(log, fileMagic)
	le.PutUint64(log[16:], uint64(n-1))
	le.PutUint64(log[24:], record+1)
	copy(log[32:], "\x80\x00\x00\x00\x01\x00\x03\x00\x00\x10")
	le.PutUint16(log[42:], uint16(n))
	le.PutUint32(log[124:], crc32.ChecksumIEEE(log[:120]))
	return log
}

// fixChunk writes the checksums of a chunk.
func fixChunk(c []byte) {
	free := min(max(int(le.Uint32(c[48:])), chunkHeaderSize), chunkSize)
	le.PutUint32(c[52:], crc32.ChecksumIEEE(c[chunkHeaderSize:free]))
	le.PutUint32(c[124:], (*chunkHeader)(c).sum())
}

const benchSize = 64 << 20

// benchInterest is about what the rules want: some providers, few ids, nearly
// none of which occur.
func benchInterest() *event.Interest {
	in := &event.Interest{}
	in.Want("Microsoft-Windows-Hyper-V-VMMS", 10102, 10103, 10104, 18012)
	in.Want("Microsoft-Windows-Backup")
	in.Want("VSS")
	in.Want("volsnap")
	in.Want("Microsoft-Windows-FailoverClustering", 1135, 1069, 5120, 5121, 5142)
	in.Want("EventLog", 6008, 6013)
	in.Want("ESENT", 2001, 2003, 2005)
	in.Want("Disk", 58)
	in.Want("MSSQL$*", 3041)
	return in
}

func BenchmarkCRC32(b *testing.B) {
	log := grownLog(b, benchSize)
	b.SetBytes(int64(len(log)))
	buf := make([]byte, blockSize)
	for b.Loop() {
		r := bytes.NewReader(log)
		for {
			n, err := r.Read(buf)
			if err != nil {
				break
			}
			crc32.ChecksumIEEE(buf[:n])
		}
	}
}

func benchRead(b *testing.B, opt Options) {
	log := grownLog(b, benchSize)
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		src := &event.Source{}
		for batch := range Read(context.Background(), bytes.NewReader(log), int64(len(log)), src, opt) {
			opt.Recycler.Done(batch)
		}
		if src.Records == 0 || src.Undecodable > 0 {
			b.Fatal(src.Records, src.Undecodable)
		}
	}
}

func BenchmarkFilter(b *testing.B) { benchRead(b, Options{Interest: benchInterest(), Workers: 1}) }

func BenchmarkFilterAllCores(b *testing.B) { benchRead(b, Options{Interest: benchInterest()}) }

func BenchmarkDecodeAll(b *testing.B) { benchRead(b, Options{Workers: 1}) }

func BenchmarkDecodeRecycled(b *testing.B) {
	benchRead(b, Options{Workers: 1, Recycler: new(event.Recycler)})
}

func BenchmarkDecodeAllCores(b *testing.B) { benchRead(b, Options{}) }
