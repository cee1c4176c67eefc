// SPDX-License-Identifier: Apache-2.0

//go:build wasip1

package guest

import (
	"encoding/binary"
	"math"
)

// Packed sizes of values in bytes. Texts and lists are an address and a length.
const (
	SizeRef    = 8
	SizeRecord = 4
)

// Reader takes packed little-endian values out of a block, in order.
type Reader struct{ b []byte }

// Read returns a reader over n bytes that the host wrote at p.
func Read(p, n uint32) *Reader { return &Reader{Take(p, n)} }

func (r *Reader) next(n int) []byte {
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

// Bool reads a truth value.
func (r *Reader) Bool() bool { return r.next(1)[0] != 0 }

// U8 reads an integer.
func (r *Reader) U8() uint8 { return r.next(1)[0] }

// U16 reads an integer.
func (r *Reader) U16() uint16 { return binary.LittleEndian.Uint16(r.next(2)) }

// U32 reads an integer.
func (r *Reader) U32() uint32 { return binary.LittleEndian.Uint32(r.next(4)) }

// U64 reads an integer.
func (r *Reader) U64() uint64 { return binary.LittleEndian.Uint64(r.next(8)) }

// I8 reads an integer.
func (r *Reader) I8() int8 { return int8(r.U8()) }

// I16 reads an integer.
func (r *Reader) I16() int16 { return int16(r.U16()) }

// I32 reads an integer.
func (r *Reader) I32() int32 { return int32(r.U32()) }

// I64 reads an integer.
func (r *Reader) I64() int64 { return int64(r.U64()) }

// F32 reads a float.
func (r *Reader) F32() float32 { return math.Float32frombits(r.U32()) }

// F64 reads a float.
func (r *Reader) F64() float64 { return math.Float64frombits(r.U64()) }

// Ref reads the address and the length of a text or a list.
func (r *Reader) Ref() (p, n uint32) { return r.U32(), r.U32() }

// String reads a text.
func (r *Reader) String() string { return string(r.Bytes()) }

// Bytes reads a list of bytes.
func (r *Reader) Bytes() []byte { return Take(r.Ref()) }

// List takes a list of n items of size bytes each at p and reads every item with one.
func List[T any](p, n, size uint32, one func(*Reader) T) []T {
	if n == 0 {
		return nil
	}
	if uint64(n)*uint64(size) > math.MaxUint32 {
		panic("marine: list too long")
	}
	r := Read(p, n*size)
	out := make([]T, n)
	for i := range out {
		out[i] = one(r)
	}
	return out
}

// Writer packs values for the host.
type Writer struct{ b []byte }

// Bool writes a truth value.
func (w *Writer) Bool(v bool) {
	if v {
		w.U8(1)
	} else {
		w.U8(0)
	}
}

// U8 writes an integer.
func (w *Writer) U8(v uint8) { w.b = append(w.b, v) }

// U16 writes an integer.
func (w *Writer) U16(v uint16) { w.b = binary.LittleEndian.AppendUint16(w.b, v) }

// U32 writes an integer.
func (w *Writer) U32(v uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, v) }

// U64 writes an integer.
func (w *Writer) U64(v uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, v) }

// I8 writes an integer.
func (w *Writer) I8(v int8) { w.U8(uint8(v)) }

// I16 writes an integer.
func (w *Writer) I16(v int16) { w.U16(uint16(v)) }

// I32 writes an integer.
func (w *Writer) I32(v int32) { w.U32(uint32(v)) }

// I64 writes an integer.
func (w *Writer) I64(v int64) { w.U64(uint64(v)) }

// F32 writes a float.
func (w *Writer) F32(v float32) { w.U32(math.Float32bits(v)) }

// F64 writes a float.
func (w *Writer) F64(v float64) { w.U64(math.Float64bits(v)) }

// Bytes writes a list of bytes. The host reads v itself: leave it as it is until the call is over.
func (w *Writer) Bytes(v []byte) {
	w.U32(Give(v))
	w.U32(uint32(len(v)))
}

// String writes a text.
func (w *Writer) String(v string) { w.Bytes([]byte(v)) }

// Pack returns a packed list, each item written with one.
func Pack[T any](v []T, one func(*Writer, T)) (b []byte) {
	var w Writer
	for _, item := range v {
		one(&w, item)
	}
	return w.b
}

// PutList writes a list into w, each item with one.
func PutList[T any](w *Writer, v []T, one func(*Writer, T)) {
	w.U32(Give(Pack(v, one)))
	w.U32(uint32(len(v)))
}

// Record packs a record with put and returns where it is.
func Record(put func(*Writer)) (p uint32) {
	var w Writer
	put(&w)
	return Give(w.b)
}
