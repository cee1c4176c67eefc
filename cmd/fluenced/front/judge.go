// SPDX-License-Identifier: Apache-2.0

package front

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// JSON-RPC 2.0 error codes.
const (
	codeParse          = -32700
	codeInvalidRequest = -32600
	codeMethodNotFound = -32601
	codeInternal       = -32603
)

// Fault is why a request is not passed on.
type Fault struct {
	Code int             // of JSON-RPC 2.0
	Msg  string          // for the caller
	ID   json.RawMessage // the request's id if it was sound, else nil
}

// Error returns the message.
func (f *Fault) Error() string { return f.Msg }

// Judge looks at the body of a JSON-RPC call: one request, or a batch of at most
// maxBatch (0 for any number). It returns nil for a sound one. An id must be a
// text or a whole number that every JSON reader keeps: CometBFT cuts others to
// size, and answers to different requests would get the same id.
func Judge(body []byte, maxBatch int) *Fault {
	if f := depth(body); f != nil {
		return f
	}
	body = bytes.TrimSpace(body)
	if len(body) > 0 && body[0] == '[' {
		var batch []json.RawMessage
		if err := json.Unmarshal(body, &batch); err != nil {
			return &Fault{Code: codeParse, Msg: "request is not JSON"}
		}
		if len(batch) == 0 || (maxBatch > 0 && len(batch) > maxBatch) {
			return &Fault{Code: codeInvalidRequest, Msg: fmt.Sprintf("batch has %d requests, 1 to %d are served", len(batch), maxBatch)}
		}
		for _, one := range batch {
			if f := judgeOne(one); f != nil {
				return f
			}
		}
		return nil
	}
	return judgeOne(body)
}

func judgeOne(body []byte) *Fault {
	var req struct {
		ID     json.RawMessage `json:"id"`
		Method *string         `json:"method"`
	}
	if err := json.Unmarshal(body, &req); err != nil {
		return &Fault{Code: codeInvalidRequest, Msg: "a request is an object with jsonrpc, id, method and params"}
	}
	if f := judgeID(req.ID); f != nil {
		return f
	}
	if req.Method == nil || *req.Method == "" {
		return &Fault{Code: codeInvalidRequest, Msg: "method is missing", ID: req.ID}
	}
	return nil
}

func judgeID(id json.RawMessage) *Fault {
	switch {
	case len(id) == 0 || string(id) == "null":
		return &Fault{Code: codeInvalidRequest, Msg: "id is missing; requests without one are not answered, so they are not served"}
	case id[0] == '"':
		if len(id) > maxTextID+2 {
			return &Fault{Code: codeInvalidRequest, Msg: fmt.Sprintf("id is longer than %d bytes", maxTextID)}
		}
		return nil
	}
	n, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil || n > maxNumericID || n < -maxNumericID {
		return &Fault{Code: codeInvalidRequest, Msg: "id must be a text or a whole number of at most 53 bits"}
	}
	return nil
}

// depth checks the form of the JSON and how deep it nests, without building it.
func depth(body []byte) *Fault {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	for level := 0; ; {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) && level == 0 {
			return nil
		}
		if err != nil {
			return &Fault{Code: codeParse, Msg: "request is not JSON"}
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			level++
		case json.Delim('}'), json.Delim(']'):
			level--
		}
		if level > maxDepth {
			return &Fault{Code: codeInvalidRequest, Msg: fmt.Sprintf("request nests deeper than %d", maxDepth)}
		}
	}
}
