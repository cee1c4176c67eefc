// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// openMetrics is the content type that upstream answers with.
const openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"

// metrics writes all families as OpenMetrics text. Counters whose name does not
// end in _total get that ending, as upstream's library gives it: without it the
// format knows no counter.
func metrics(g prometheus.Gatherer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		families, err := g.Gather()
		if err != nil && len(families) == 0 {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		var b bytes.Buffer
		for _, f := range families {
			if f.GetType() == dto.MetricType_COUNTER && !strings.HasSuffix(f.GetName(), "_total") {
				name := f.GetName() + "_total"
				f.Name = &name
			}
			if _, err := expfmt.MetricFamilyToOpenMetrics(&b, f); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		if _, err := expfmt.FinalizeOpenMetrics(&b); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", openMetrics)
		_, _ = w.Write(b.Bytes())
	})
}
