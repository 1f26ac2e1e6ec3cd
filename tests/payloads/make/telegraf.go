// Command telegraf writes metrics as Telegraf's JSON serializer encodes them, and what they hold; go.py runs it.
package main

import (
	encoding "encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/plugins/serializers/json"
)

func main() {
	at := time.Unix(1764000000, 123456789)
	metrics := []telegraf.Metric{
		metric.New("modbus", map[string]string{"slave": "7", "host": "edge1"},
			map[string]interface{}{"level": 0.5, "count": int64(-3), "on": true, "mode": "Läuft", "total": uint64(7)}, at),
		metric.New("cpu", nil, map[string]interface{}{"load": -1e-9}, at),
	}
	serializer := &json.Serializer{}
	if err := serializer.Init(); err != nil {
		panic(err)
	}
	all := []map[string]any{}
	for _, each := range metrics {
		text, err := serializer.Serialize(each)
		written(each.Name(), text, err, readings(each), "")
		all = append(all, readings(each)...)
	}
	text, err := serializer.SerializeBatch(metrics)
	written("a batch", text, err, all, "metrics[].fields.*")
}

// The tag is the values of the metric's tags by name, its own name and the field's; times are cut to seconds.
func readings(of telegraf.Metric) []map[string]any {
	begins := []string{}
	for _, tag := range of.TagList() {
		begins = append(begins, tag.Value)
	}
	found := []map[string]any{}
	names := []string{}
	for name := range of.Fields() {
		names = append(names, name)
	}
	sort.Strings(names) // as the serializer writes them
	for _, name := range names {
		tag := strings.Join(append(begins, of.Name(), name), "/")
		ts := of.Time().UTC().Truncate(time.Second).Format("2006-01-02T15:04:05.000000+00:00")
		found = append(found, map[string]any{"tag": tag, "ts": ts, "value": of.Fields()[name], "quality": "good"})
	}
	return found
}

func written(name string, text []byte, err error, readings []map[string]any, rows string) {
	if err != nil {
		panic(err)
	}
	line, _ := encoding.Marshal(map[string]any{
		"name": name, "text": strings.TrimSpace(string(text)), "readings": readings, "rows": rows,
	})
	fmt.Println(string(line))
}
