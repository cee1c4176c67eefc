// SPDX-License-Identifier: Apache-2.0

package particle_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-fluence/fluence/peer/particle"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

func TestCheck(t *testing.T) {
	key := keyOf(t, make([]byte, 32))
	now := time.UnixMilli(1_800_000_000_000)
	at := uint64(now.UnixMilli())
	limits := particle.DefaultLimits()
	rsaKey, _, err := crypto.GenerateRSAKeyPair(2048, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaID, err := peer.IDFromPrivateKey(rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	type P = particle.Particle
	tests := map[string]struct {
		edit   func(*P)
		unsign bool // leave the signature as it was before the edit
		want   error
	}{
		"accepted":            {edit: func(*P) {}},
		"last millisecond":    {edit: func(p *P) { p.Timestamp = at - uint64(p.TTL) }},
		"expired":             {edit: func(p *P) { p.Timestamp = at - uint64(p.TTL) - 1 }, want: particle.ErrExpired},
		"deadline overflows":  {edit: func(p *P) { p.Timestamp = math.MaxUint64 }, want: particle.ErrExpired},
		"future at the limit": {edit: func(p *P) { p.Timestamp = at + 30_000 }},
		"future":              {edit: func(p *P) { p.Timestamp = at + 30_001 }, want: particle.ErrFuture},
		"time zero":           {edit: func(p *P) { p.Timestamp = 0 }, want: particle.ErrTimestamp},
		"ttl zero":            {edit: func(p *P) { p.TTL = 0 }, want: particle.ErrTTL},
		"ttl at the limit":    {edit: func(p *P) { p.TTL = 600_000 }},
		"ttl too long":        {edit: func(p *P) { p.TTL = 600_001 }, want: particle.ErrTTL},
		"no id":               {edit: func(p *P) { p.ID = "" }, want: particle.ErrID},
		"id too long":         {edit: func(p *P) { p.ID = strings.Repeat("a", 201) }, want: particle.ErrID},
		"id climbs":           {edit: func(p *P) { p.ID = "../../x" }, want: particle.ErrID},
		"id is dots":          {edit: func(p *P) { p.ID = ".." }, want: particle.ErrID},
		"id with NUL":         {edit: func(p *P) { p.ID = "a\x00b" }, want: particle.ErrID},
		"bound id of other":   {edit: func(p *P) { p.ID = boundVector }, want: particle.ErrBoundID},
		"bound id malformed":  {edit: func(p *P) { p.ID = "fl1.064.x.y" }, want: particle.ErrBoundID},
		"script too large":    {edit: func(p *P) { p.Script = strings.Repeat(" ", 8<<20+1) }, want: particle.ErrTooLarge},
		"script at 1 024":     {edit: func(p *P) { p.Script = strings.Repeat("(", 1024) }},
		"script nested":       {edit: func(p *P) { p.Script = strings.Repeat("(", 1025) }, want: particle.ErrNesting},
		"parens in quotes":    {edit: func(p *P) { p.Script = `"` + strings.Repeat("(", 2000) + `"` }},
		"parens in comment":   {edit: func(p *P) { p.Script = ";" + strings.Repeat("(", 2000) + "\n" }},
		"data too large":      {edit: func(p *P) { p.Data = make([]byte, 64<<20+1) }, want: particle.ErrTooLarge},
		"foreign script":      {edit: func(p *P) { p.Script += " " }, unsign: true, want: particle.ErrSignature},
		"other data is free":  {edit: func(p *P) { p.Data = []byte("x") }, unsign: true},
		"short signature":     {edit: func(p *P) { p.Signature = p.Signature[:63] }, unsign: true, want: particle.ErrSignature},
		"no signature":        {edit: func(p *P) { p.Signature = nil }, unsign: true, want: particle.ErrSignature},
		"other initiator":     {edit: func(p *P) { p.InitPeerID = knownParticle(t).InitPeerID }, unsign: true, want: particle.ErrSignature},
		"initiator RSA":       {edit: func(p *P) { p.InitPeerID = rsaID.String() }, unsign: true, want: particle.ErrInitPeerID},
		"initiator as CID":    {edit: func(p *P) { p.InitPeerID = peer.ToCid(idOf(t, key)).String() }, unsign: true, want: particle.ErrInitPeerID},
		"initiator giant":     {edit: func(p *P) { p.InitPeerID = strings.Repeat("1", 1<<20) }, unsign: true, want: particle.ErrInitPeerID},
		"no initiator":        {edit: func(p *P) { p.InitPeerID = "" }, unsign: true, want: particle.ErrInitPeerID},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := &P{ID: "d205d148-4cf1", InitPeerID: idOf(t, key).String(), Timestamp: at, TTL: 7000, Script: "(null)"}
			sign(t, p, key)
			tt.edit(p)
			if !tt.unsign {
				sign(t, p, key)
			}
			before := *p
			err := limits.Check(p, now)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Check = %v, want %v", err, tt.want)
			}
			if !equal(p, &before) {
				t.Error("Check changed the particle")
			}
			if err != nil && (len(err.Error()) > 300 || particle.Reason(err) == "other") {
				t.Errorf("Check = %.400q with reason %s, want a short typed refusal", err, particle.Reason(err))
			}
		})
	}
}

func TestSecp256k1InitiatorIsAccepted(t *testing.T) {
	key, _, err := crypto.GenerateSecp256k1Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &particle.Particle{ID: "a", InitPeerID: idOf(t, key).String(), Timestamp: 1000, TTL: 10}
	sign(t, p, key)
	if err := p.Verify(); err != nil {
		t.Errorf("Verify = %v, want nil", err)
	}
}

func TestDecode(t *testing.T) {
	js, own := knownBody(t), particle.Encode(knownParticle(t))
	replace := func(body []byte, old, with string) []byte {
		if !bytes.Contains(body, []byte(old)) {
			t.Fatalf("%x has no %x", body, old)
		}
		return bytes.Replace(body, []byte(old), []byte(with), 1)
	}
	tests := map[string]struct {
		body []byte
		want error
	}{
		"js form":            {js, nil},
		"own form":           {own, nil},
		"empty":              {nil, particle.ErrTruncated},
		"prefix only":        {own[:2], particle.ErrTruncated},
		"other codec":        {replace(own, "\x81\x04", "\x81\x05"), particle.ErrFrame},
		"trailing byte":      {append(bytes.Clone(own), 0), particle.ErrTrailing},
		"last byte missing":  {own[:len(own)-1], particle.ErrTruncated},
		"not a map":          {replace(own, "\x88\xa6action", "\x98\xa6action"), particle.ErrField},
		"a field less":       {replace(own, "\x88\xa6action", "\x87\xa6action"), particle.ErrTrailing},
		"a field more":       {replace(own, "\x88\xa6action", "\x89\xa6action"), particle.ErrTruncated},
		"65 fields":          {replace(own, "\x88\xa6action", "\xde\x00\x41\xa6action"), particle.ErrField},
		"unknown field":      {append(replace(own, "\x88\xa6action", "\x89\xa6action"), "\xa1x\x93\x01\x81\xa1y\xc0\xcb01234567"...), nil},
		"unknown, too deep":  {append(replace(own, "\x88\xa6action", "\x89\xa6action"), "\xa1x"+strings.Repeat("\x91", 100)+"\x00"...), particle.ErrField},
		"unknown, endless":   {append(replace(own, "\x88\xa6action", "\x89\xa6action"), "\xa1x\xdd\xff\xff\xff\xff"...), particle.ErrTruncated},
		"unknown, reserved":  {append(replace(own, "\x88\xa6action", "\x89\xa6action"), "\xa1x\xc1"...), particle.ErrField},
		"known key twice":    {append(replace(own, "\x88\xa6action", "\x89\xa6action"), "\xa2id\xa1x"...), particle.ErrField},
		"id missing":         {replace(own, "\xa2id", "\xa2ix"), particle.ErrField},
		"upgrade action":     {replace(own, "\xa8Particle", "\xa7Upgrade"), particle.ErrAction},
		"id is a number":     {replace(own, "\xa2id\xd9\x242883f959-e9e7-4843-8c37-205d393ca372", "\xa2id\x01"), particle.ErrField},
		"script not UTF-8":   {replace(own, "\xa3abc", "\xa3a\xffc"), particle.ErrUTF8},
		"script 4 GiB":       {replace(own, "\xa3abc", "\xdb\xff\xff\xff\xffabc"), particle.ErrTruncated},
		"data 4 GiB":         {replace(own, "\xc4\x03", "\xc6\xff\xff\xff\xff"), particle.ErrTruncated},
		"data, 4 G elements": {replace(own, "\xc4\x03", "\xdd\xff\xff\xff\xff"), particle.ErrTruncated},
		"data element 256":   {replace(js, "\x93\x01\x02\xcc\xc8", "\x93\x01\x02\xcd\x01\x00"), particle.ErrField},
		"data element wide":  {replace(js, "\x93\x01\x02\xcc\xc8", "\x93\x01\x02\xcf\x00\x00\x00\x00\x00\x00\x00\xc8"), nil},
		"data element text":  {replace(js, "\x93\x01\x02\xcc\xc8", "\x93\x01\x02\xa1x"), particle.ErrField},
		"data is text":       {replace(own, "\xc4\x03", "\xa3"), particle.ErrField},
		"ttl wide":           {replace(own, "\xa3ttl\xcd\x1b\x58", "\xa3ttl\xcf\x00\x00\x00\x00\x00\x00\x1b\x58"), nil},
		"ttl signed":         {replace(own, "\xa3ttl\xcd\x1b\x58", "\xa3ttl\xd1\x1b\x58"), nil},
		"ttl negative":       {replace(own, "\xa3ttl\xcd\x1b\x58", "\xa3ttl\xd1\xff\x58"), particle.ErrField},
		"ttl above u32":      {replace(own, "\xa3ttl\xcd\x1b\x58", "\xa3ttl\xcf\x00\x00\x00\x01\x00\x00\x00\x00"), particle.ErrField},
		"ttl float":          {replace(own, "\xa3ttl\xcd\x1b\x58", "\xa3ttl\xca\x00\x00\x1b\x58"), particle.ErrField},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := particle.Decode(tt.body)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Decode = %v, want %v", err, tt.want)
			}
			if err == nil && !equal(p, knownParticle(t)) {
				t.Errorf("Decode = %+v, want %+v", p, knownParticle(t))
			}
		})
	}
}

func TestFieldsInAnyOrder(t *testing.T) {
	own := particle.Encode(knownParticle(t))
	cut := bytes.Index(own, []byte("\xa9timestamp"))
	turned := append(bytes.Clone(own[:3]), own[cut:]...)
	turned = append(turned, own[3:cut]...)
	got, err := particle.Decode(turned)
	if err != nil || !equal(got, knownParticle(t)) {
		t.Errorf("Decode = %+v, %v, want the known particle", got, err)
	}
}

func TestReadFrame(t *testing.T) {
	frame, err := particle.AppendFrame(nil, knownParticle(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := particle.FrameSize(knownParticle(t)); got != len(frame) {
		t.Errorf("FrameSize = %d, want %d", got, len(frame))
	}
	errMemory := errors.New("no memory")
	tests := map[string]struct {
		in      []byte
		reserve func(int) error
		want    error
	}{
		"whole":            {in: frame},
		"followed by more": {in: append(bytes.Clone(frame), frame...)},
		"nothing":          {in: nil, want: io.EOF},
		"length 0":         {in: []byte{0}, want: particle.ErrFrame},
		"length 1":         {in: []byte{1, 0x81}, want: particle.ErrFrame},
		"length 2^32":      {in: binary.AppendUvarint(nil, 1<<32), want: particle.ErrTooLarge},
		"length 2^62":      {in: binary.AppendUvarint(nil, 1<<62), want: particle.ErrTooLarge},
		"length 2^63":      {in: binary.AppendUvarint(nil, 1<<63), want: particle.ErrFrame},
		"length endless":   {in: bytes.Repeat([]byte{0xff}, 100), want: particle.ErrFrame},
		"length unminimal": {in: []byte{0x83, 0x00, 0x81, 0x04, 0x80}, want: particle.ErrFrame},
		"length cut":       {in: frame[:1], want: particle.ErrTruncated},
		"body cut":         {in: frame[:len(frame)-1], want: particle.ErrTruncated},
		"no memory":        {in: frame, reserve: func(int) error { return errMemory }, want: errMemory},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := bytes.NewReader(tt.in)
			body, err := particle.ReadFrame(iotest.OneByteReader(in), 1<<20, tt.reserve)
			if !errors.Is(err, tt.want) {
				t.Fatalf("ReadFrame = %v, want %v", err, tt.want)
			}
			if err != nil {
				return
			}
			if p, err := particle.Decode(body); err != nil || !equal(p, knownParticle(t)) {
				t.Errorf("Decode = %+v, %v, want the known particle", p, err)
			}
			if want := len(tt.in) - len(frame); in.Len() != want {
				t.Errorf("%d bytes left unread, want %d", in.Len(), want)
			}
		})
	}
}

func TestAnnouncedLengthIsNotAllocated(t *testing.T) {
	announced := append(binary.AppendUvarint(nil, 100<<20), make([]byte, 5000)...)
	var reserved int
	_, err := particle.ReadFrame(bytes.NewReader(announced), 100<<20, func(n int) error {
		reserved += n
		return nil
	})
	if !errors.Is(err, particle.ErrTruncated) {
		t.Fatalf("ReadFrame = %v, want %v", err, particle.ErrTruncated)
	}
	if reserved > 16<<10 {
		t.Errorf("reserved %d bytes for 5000 that arrived, want at most 16 KiB", reserved)
	}
}

func TestLargeParticleSurvivesTheWire(t *testing.T) {
	p := knownParticle(t)
	p.Script = strings.Repeat("x", 70_000)
	p.Data = bytes.Repeat([]byte{7, 200}, 4<<20)
	frame, err := particle.AppendFrame(nil, p)
	if err != nil {
		t.Fatal(err)
	}
	body, err := particle.ReadFrame(iotest.HalfReader(bytes.NewReader(frame)), 100<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := particle.Decode(body); err != nil || !equal(got, p) {
		t.Errorf("Decode = %v, want the particle that was sent", err)
	}
	p.Data = make([]byte, 100<<20)
	if _, err := particle.AppendFrame(nil, p); !errors.Is(err, particle.ErrTooLarge) {
		t.Errorf("AppendFrame = %v, want %v", err, particle.ErrTooLarge)
	}
}

func TestBoundIDText(t *testing.T) {
	tests := map[string]bool{
		boundVector: true,
		strings.Replace(boundVector, "fl1.64.", "fl1.1024.", 1):  true,
		strings.Replace(boundVector, "fl1.64.", "fl1.1025.", 1):  false,
		strings.Replace(boundVector, "fl1.64.", "fl1.0.", 1):     false,
		strings.Replace(boundVector, "fl1.64.", "fl1.064.", 1):   false,
		strings.Replace(boundVector, "fl1.64.", "fl1.+64.", 1):   false,
		strings.Replace(boundVector, "fl1.64.1", "fl1.64.", 1):   false,
		strings.Replace(boundVector, "fl1.64.1", "fl1.64.11", 1): false,
		boundVector + "1":           false,
		boundVector + ".":           false,
		"fl1.64..":                  false,
		"fl1.":                      false,
		"fl2" + boundVector[3:]:     false,
		strings.Repeat("fl1.", 100): false,
	}
	for text, ok := range tests {
		b, err := particle.ParseBoundID(text)
		if (err == nil) != ok {
			t.Errorf("ParseBoundID(%s) = %v, want ok %v", text, err, ok)
		}
		if err == nil && b.String() != text {
			t.Errorf("String = %s, want %s", b, text)
		}
		if err != nil && !errors.Is(err, particle.ErrBoundID) {
			t.Errorf("ParseBoundID(%s) = %v, want %v", text, err, particle.ErrBoundID)
		}
	}
}

func TestBoundIDBindsEveryField(t *testing.T) {
	edits := map[string]func(*particle.Particle){
		"initiator": func(p *particle.Particle) { p.InitPeerID = p.InitPeerID[:51] + "C" },
		"timestamp": func(p *particle.Particle) { p.Timestamp++ },
		"ttl":       func(p *particle.Particle) { p.TTL++ },
		"script":    func(p *particle.Particle) { p.Script += " " },
		"hops":      func(p *particle.Particle) { p.ID = strings.Replace(p.ID, "fl1.64.", "fl1.65.", 1) },
	}
	for name, edit := range edits {
		p := knownParticle(t)
		p.ID = boundVector
		edit(p)
		if _, err := particle.CheckBoundID(p); !errors.Is(err, particle.ErrBoundID) {
			t.Errorf("%s changed: CheckBoundID = %v, want %v", name, err, particle.ErrBoundID)
		}
	}
}

func TestNewRefusesBadDrafts(t *testing.T) {
	key := keyOf(t, make([]byte, 32))
	good := particle.Draft{Script: "(null)", TTL: time.Second, Time: time.UnixMilli(5), Nonce: rand.Reader}
	tests := map[string]struct {
		edit func(*particle.Draft)
		want error
	}{
		"good":         {func(*particle.Draft) {}, nil},
		"no ttl":       {func(d *particle.Draft) { d.TTL = 0 }, particle.ErrTTL},
		"ttl too long": {func(d *particle.Draft) { d.TTL = 50 * 24 * time.Hour }, particle.ErrTTL},
		"no time":      {func(d *particle.Draft) { d.Time = time.Time{} }, particle.ErrTimestamp},
		"hops":         {func(d *particle.Draft) { d.MaxHops = 2000 }, particle.ErrBoundID},
		"no nonce":     {func(d *particle.Draft) { d.Nonce = bytes.NewReader(nil) }, io.EOF},
	}
	for name, tt := range tests {
		d := good
		tt.edit(&d)
		if p, err := particle.New(key, d); !errors.Is(err, tt.want) || (p == nil) != (err != nil) {
			t.Errorf("%s: New = %v, %v, want %v", name, p, err, tt.want)
		}
	}
}

func idOf(t testing.TB, key crypto.PrivKey) peer.ID {
	t.Helper()
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// sign signs whatever p says, also when a limit forbids it.
func sign(t testing.TB, p *particle.Particle, key crypto.PrivKey) {
	t.Helper()
	sig, err := key.Sign(p.SignedBytes())
	if err != nil {
		t.Fatal(err)
	}
	p.Signature = sig
}
