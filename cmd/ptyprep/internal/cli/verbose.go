package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ptyprep/cmd/ptyprep/internal/console"
	"ptyprep/internal/recipes"
	"ptyprep/internal/scan"
	"ptyprep/internal/scan/param"
)

// detail says one thing that -v asks for.
func (a *app) detail(fields map[string]any, format string, args ...any) {
	m := console.Message{Type: console.TypeDetail, Msg: fmt.Sprintf(format, args...)}
	if a.con.JSON() {
		m.Fields = fields
	}
	a.con.Say(m)
}

// tellParameters lists what every parameter resolved to, and where that comes from.
func (a *app) tellParameters(rec *recipes.Recipe) {
	if !a.con.Verbose() {
		return
	}
	a.detail(map[string]any{"recipe": rec.Spec.Name, "file": rec.File}, "%s: recipe %s", rec.File, rec.Spec.Name)
	a.tellValues(rec.Values, "")
}

func (a *app) tellValues(v *param.Values, prefix string) {
	for _, p := range v.Tree().Params() {
		k := p.Key()
		if p.Unset && !v.Given(k) {
			continue
		}
		if p.IsSet() && v.Get(k).Kind == param.Group {
			for _, n := range v.Set(k) {
				a.tellValues(n.Values, prefix+p.Path+"."+n.Name+".")
			}
			continue
		}
		from := "default"
		if v.Given(k) {
			from = v.Pos(k).String()
		}
		x := v.Get(k)
		fields := map[string]any{"key": prefix + p.Path, "value": x.Plain(), "from": from}
		arrow := ""
		if path := resolvedPath(x); path != "" {
			fields["path"] = path
			arrow = " -> " + path
		}
		a.detail(fields, "  %s = %s%s  (%s)", prefix+p.Path, short(x.Plain()), arrow, from)
	}
}

// resolvedPath is the file that a path means, where the recipe writes it otherwise.
func resolvedPath(x param.Value) string {
	switch {
	case x.Kind == param.Path && x.Path != x.Text:
		return x.Path
	case x.Kind == param.ArrayRef && x.Ref.Path != x.Ref.File:
		return x.Ref.Path
	}
	return ""
}

// short writes a value on one line, cut where it is long.
func short(x any) string {
	const most = 100
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(x); err != nil {
		return fmt.Sprint(x)
	}
	r := []rune(strings.TrimSpace(b.String()))
	if len(r) > most {
		return string(r[:most]) + "..."
	}
	return string(r)
}

// tellPlan says what the recipe and the data together come to.
func (a *app) tellPlan(p *scan.Plan) {
	if !a.con.Verbose() {
		return
	}
	say := func(key string, value any, format string, args ...any) {
		a.detail(map[string]any{"key": key, "value": value}, "  "+key+": "+format, args...)
	}
	recorded := func(is bool) string {
		if is {
			return " (recorded in the data)"
		}
		return ""
	}
	how := ""
	if p.AutoUsed {
		how = " (mass centre)"
	}
	psize := p.RawPSizeM
	a.detail(nil, "resolved:")
	say("frames", p.Frames, "%d in %d chunk(s)", p.Frames, len(p.Blocks))
	say("shape", p.RawShape, "%d x %d px of the raw frame, %d x %d prepared", p.RawShape[0], p.RawShape[1], p.Rows, p.Cols)
	say("center", p.RawCenter, "(%g, %g) px in the raw frame%s, (%g, %g) prepared", p.RawCenter[0], p.RawCenter[1], how, p.Meta.Center[0], p.Meta.Center[1])
	say("energy", p.Meta.EnergyKeV, "%g keV%s", p.Meta.EnergyKeV, recorded(p.Recorded.EnergyKeV != nil))
	say("distance", p.Meta.DistanceM, "%g m%s", p.Meta.DistanceM, recorded(p.Recorded.DistanceM != nil))
	say("psize", psize, "(%g, %g) m raw%s, (%g, %g) m prepared", psize[0], psize[1], recorded(p.Recorded.PSizeM != nil), p.Meta.PSizeM[0], p.Meta.PSizeM[1])
	say("type", p.Type.String(), "%s", p.Type)
}

// tellTimes says where the time went, summed over all workers.
func (a *app) tellTimes(r *scan.Result) {
	if !a.con.Verbose() {
		return
	}
	fields := map[string]any{}
	var parts []string
	for s, d := range r.Spent {
		fields[scan.Stage(s).String()+"_seconds"] = d.Seconds()
		parts = append(parts, fmt.Sprintf("%s %s", scan.Stage(s), d.Round(time.Millisecond)))
	}
	a.detail(fields, "time of all workers: %s", strings.Join(parts, ", "))
}
