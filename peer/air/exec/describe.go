// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"fmt"

	"github.com/go-fluence/fluence/peer/air/data"
)

// describe gives a state in words, for messages.
func describe(s *data.State) string {
	switch s.Kind() {
	case data.KindPar:
		l, r := s.Sizes()
		return fmt.Sprintf("par(%d, %d)", l, r)
	case data.KindSent:
		return fmt.Sprintf("request sent by %s", s.Peer())
	case data.KindSentWithID:
		return fmt.Sprintf("request %d of %s", s.CallID(), s.Peer())
	case data.KindScalar:
		return fmt.Sprintf("scalar %s", s.CID())
	case data.KindStream:
		g, _ := s.Generation()
		return fmt.Sprintf("stream %s at generation %d", s.CID(), g)
	case data.KindUnused:
		return fmt.Sprintf("unused %s", s.CID())
	case data.KindFailed:
		return fmt.Sprintf("failed %s", s.CID())
	case data.KindFold:
		return fmt.Sprintf("fold of %d values", len(s.Lore()))
	case data.KindAp:
		return fmt.Sprintf("ap %v", s.Generations())
	case data.KindCanonSent:
		return fmt.Sprintf("canon request sent by %s", s.Peer())
	default:
		return fmt.Sprintf("canon %s", s.CID())
	}
}
