// Command edgex writes events as EdgeX Foundry's library encodes them, and what it puts into them; go.py runs it.
package main

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/edgexfoundry/go-mod-core-contracts/v4/common"
	"github.com/edgexfoundry/go-mod-core-contracts/v4/dtos"
)

const origin, measured = 1764000000123000000, 1764000000123456789

func main() {
	event := dtos.NewEvent("Boiler", "Boiler1", "All")
	event.Id, event.Origin = "11111111-1111-4111-8111-111111111111", origin
	readings := []map[string]any{}
	add := func(name, kind string, value any) {
		if err := event.AddSimpleReading(name, kind, value); err != nil {
			panic(err)
		}
		each := &event.Readings[len(event.Readings)-1]
		each.Id, each.Origin = fmt.Sprintf("22222222-2222-4222-8222-22222222222%d", len(readings)), measured
		if kind == common.ValueTypeBool { // all values are texts, and this one holds no number
			value = strconv.FormatBool(value.(bool))
		}
		readings = append(readings, map[string]any{
			"tag": "Boiler1/" + name, "ts": "2025-11-24T16:00:00.123456+00:00", "value": value, "quality": "good",
		})
	}
	add("Temperature", common.ValueTypeFloat64, 21.5)
	add("Spread", common.ValueTypeFloat64, -1e-300)
	add("Count", common.ValueTypeInt16, int16(-12))
	add("Total", common.ValueTypeUint64, uint64(9007199254740991))
	add("Running", common.ValueTypeBool, false)
	add("Mode", common.ValueTypeString, "Läuft")
	text, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	line, _ := json.Marshal(map[string]any{"name": "event", "text": string(text), "readings": readings})
	fmt.Println(string(line))
}
