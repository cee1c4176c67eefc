// SPDX-License-Identifier: Apache-2.0

package value

import "unicode/utf8"

const eofString = "EOF while parsing a string"

// str reads a string from its opening quote on.
func (r *reader) str() error {
	r.keep(1)
	for {
		r.keep(plainRun(r.src[r.pos:]))
		if r.pos == len(r.src) {
			return r.failHere(eofString)
		}
		switch r.src[r.pos] {
		case '"':
			r.keep(1)
			return nil
		case '\\':
			if err := r.escape(); err != nil {
				return err
			}
		default:
			r.pos++
			return r.failHere(`control character (\u0000-\u001F) found while parsing a string`)
		}
	}
}

// plainRun returns how many bytes of s stand for themselves in a string.
func plainRun(s string) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
	n := 0
	for ; n+8 <= len(s); n += 8 {
		w := load8(s[n : n+8])
		quote, back := w^('"'*ones), w^('\\'*ones)
		// A high bit is set in each sum for a zero byte, or a byte below 0x20; above
		// such a byte it may be set wrongly, and then the loop below looks.
		if ((quote-ones)&^quote|(back-ones)&^back|(w-0x20*ones)&^w)&highs != 0 {
			break
		}
	}
	for n < len(s) && s[n] >= 0x20 && s[n] != '"' && s[n] != '\\' {
		n++
	}
	return n
}

// load8 reads 8 bytes in little-endian order.
func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// escape reads one escape from its backslash on. The short canonical ones stay
// as they are; any other spelling is replaced by the canonical one.
func (r *reader) escape() error {
	from := r.pos
	r.pos++
	if r.pos == len(r.src) {
		return r.failHere(eofString)
	}
	c := r.src[r.pos]
	switch c {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		r.pos--
		r.keep(2)
		return nil
	case '/':
		r.pos++
		r.diverge(from)
		r.out = append(r.out, '/')
		return nil
	case 'u':
		r.pos++
		return r.unicode(from)
	}
	r.pos++
	return r.failHere("invalid escape")
}

// unicode reads the digits of a \u escape that began at from, and of the second
// half of a surrogate pair.
func (r *reader) unicode(from int) error {
	n, err := r.hex4()
	if err != nil {
		return err
	}
	if n >= 0xdc00 && n <= 0xdfff {
		return r.failHere("lone leading surrogate in hex escape")
	}
	if n >= 0xd800 && n <= 0xdbff {
		for _, want := range []byte(`\u`) {
			if r.pos == len(r.src) {
				return r.failHere(eofString)
			}
			r.pos++
			if r.src[r.pos-1] != want {
				return r.failHere("unexpected end of hex escape")
			}
		}
		low, err := r.hex4()
		if err != nil {
			return err
		}
		if low < 0xdc00 || low > 0xdfff {
			return r.failHere("lone leading surrogate in hex escape")
		}
		n = (n-0xd800)<<10 + (low - 0xdc00) + 0x10000
	}
	var buf [8]byte
	canon := utf8.AppendRune(buf[:0], n)
	if n < 0x20 || n == '"' || n == '\\' {
		canon = appendEscape(buf[:0], byte(n))
	}
	if !r.copied && r.src[from:r.pos] == string(canon) {
		return nil
	}
	r.diverge(from)
	r.out = append(r.out, canon...)
	return nil
}

// hex4 reads four hexadecimal digits.
func (r *reader) hex4() (rune, error) {
	if len(r.src)-r.pos < 4 {
		r.pos = len(r.src)
		return 0, r.failHere(eofString)
	}
	var n rune
	for range 4 {
		c := r.src[r.pos]
		r.pos++
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			n = n<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, r.failHere("invalid escape")
		}
	}
	return n, nil
}

// number reads a number and puts its canonical text in place.
func (r *reader) number() error {
	from := r.pos
	if n := plainInteger(r.src[from:]); n > 0 {
		r.keep(n)
		return nil
	}
	n, err := r.scanNumber()
	if err != nil {
		return err
	}
	var buf [32]byte
	canon := n.append(buf[:0])
	if !r.copied && r.src[from:r.pos] == string(canon) {
		return nil
	}
	r.diverge(from)
	r.out = append(r.out, canon...)
	return nil
}

// plainInteger returns the length of the non-negative integer that s begins with
// if its text is canonical for sure, else 0.
func plainInteger(s string) int {
	const surely = 19 // digits that always fit 64 bits
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == 0 || n > surely || s[0] == '0' && n > 1 {
		return 0
	}
	if n < len(s) && (s[n] == '.' || s[n]|0x20 == 'e') {
		return 0
	}
	return n
}

// grow returns 10·n + digit, false when that overflows.
func grow(n uint64, digit byte) (uint64, bool) {
	const most = ^uint64(0)
	d := uint64(digit - '0')
	if n >= most/10 && (n > most/10 || d > most%10) {
		return n, false
	}
	return n*10 + d, true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// scanNumber reads a number by AquaVM's rules. A significand that would overflow
// 64 bits drops the digits that do not fit; see air.md 1.5 for what that does to
// the value, which every peer must do alike.
func (r *reader) scanNumber() (number, error) {
	positive := true
	if r.peek() == '-' {
		positive = false
		r.pos++
	}
	if r.pos == len(r.src) {
		return number{}, r.failHere(eofValue)
	}
	first := r.src[r.pos]
	r.pos++
	if !isDigit(first) {
		return number{}, r.failHere("invalid number")
	}
	significand, dropped, whole := uint64(first-'0'), 0, true
	if first == '0' && isDigit(r.peek()) {
		return number{}, r.failNext("invalid number")
	}
	for first != '0' && isDigit(r.peek()) {
		if whole {
			significand, whole = grow(significand, r.peek())
		}
		if !whole {
			dropped++
		}
		r.pos++
	}
	switch c := r.peek(); {
	case c == '.':
		return r.fraction(positive, significand, dropped)
	case c == 'e' || c == 'E':
		return r.exponent(positive, significand, dropped)
	case !whole:
		return r.float(positive, significand, dropped)
	case positive:
		return number{kind: 'u', u: significand}, nil
	case significand == 0 || significand > 1<<63:
		return number{kind: 'f', f: -float64(significand)}, nil
	}
	return number{kind: 'i', u: -significand}, nil
}

func (r *reader) fraction(positive bool, significand uint64, exp int) (number, error) {
	r.pos++
	if r.pos == len(r.src) {
		return number{}, r.failNext(eofValue)
	}
	if !isDigit(r.src[r.pos]) {
		return number{}, r.failNext("invalid number")
	}
	for fits := true; isDigit(r.peek()); r.pos++ {
		if fits {
			if significand, fits = grow(significand, r.peek()); fits {
				exp--
			}
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		return r.exponent(positive, significand, exp)
	}
	return r.float(positive, significand, exp)
}

func (r *reader) exponent(positive bool, significand uint64, exp int) (number, error) {
	r.pos++
	up := true
	if c := r.peek(); c == '+' || c == '-' {
		up = c == '+'
		r.pos++
	}
	if r.pos == len(r.src) {
		return number{}, r.failHere(eofValue)
	}
	r.pos++
	if !isDigit(r.src[r.pos-1]) {
		return number{}, r.failHere("invalid number")
	}
	const most = 1<<31 - 1 // exponents are 32-bit
	e := int(r.src[r.pos-1] - '0')
	for isDigit(r.peek()) {
		e = e*10 + int(r.peek()-'0')
		r.pos++
		if e <= most {
			continue
		}
		if significand != 0 && up {
			return number{}, r.failHere("number out of range")
		}
		for isDigit(r.peek()) {
			r.pos++
		}
		return r.float(positive, 0, 0)
	}
	if !up {
		e = -e
	}
	return r.float(positive, significand, max(min(exp+e, most), -most-1))
}

func (r *reader) float(positive bool, significand uint64, exp int) (number, error) {
	f, ok := scale(positive, significand, exp)
	if !ok {
		return number{}, r.failHere("number out of range")
	}
	return number{kind: 'f', f: f}, nil
}
