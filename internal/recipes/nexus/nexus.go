// Package nexus holds NexusLoader: Hdf5Loader on NeXus files, which say by attributes where frames,
// axes and the set-up are.
package nexus

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"ptyprep/internal/formats/h5"
	"ptyprep/internal/recipes"
	"ptyprep/internal/recipes/h5in"
	"ptyprep/internal/recipes/hdf5"
	"ptyprep/internal/recipes/standard"
	"ptyprep/internal/scan/param"
	"ptyprep/internal/scan/problem"
)

var tree = recipes.NewTree("NexusLoader", "Scans in NeXus files: everything is found by the attributes of the standard.", hdf5.Tree)

var keys = standard.Declare(tree)

// Spec is the recipe.
var Spec = recipes.Spec{
	Name: tree.Name, Tree: tree, Summary: tree.Summary, Open: recipes.OpenFunc(open),
	Doc: `The name of the file is enough where the file follows the standard (NXentry with NXdata and NXdetector; NXcxi_ptycho). Every
parameter of Hdf5Loader can be given and goes before what is found, energy, distance and psize too. What is found is printed.

Frames: the signal of the default NXdata (` + "`@default`" + ` from group to group, ` + "`@signal`" + `, or a dataset with ` + "`signal=1`" + `), else the only dataset of
the entry with three or more dimensions whose last two are a picture's; numbered ones (data_000001, ... of an Eiger master, whose
signal is the first of them) are joined. Links to one dataset are one dataset. Several entries with frames: the file's default, or the
only one whose definition is NXcxi_ptycho, else ` + "`entry`" + ` must say which. With ` + "`intensities.file`" + ` as a list or a pattern the first file
is looked through, and the frames of all are joined.

Positions, the first that is there:

1. the axes of the scan dimensions (` + "`@axes`, `@NAME_indices`, or `axis=n`" + ` at the datasets), then datasets beside the frames whose
   names tell a direction (x, y);
2. values of NXpositioner and NXtransformations groups that are as many as the frames;
3. a dataset translation of shape (N, 3) or (N, 2): rows = column 1, columns = column 0.

Of two axes that of the earlier dimension is the slow one. For a list of points the names tell: y, v and row go along the rows, x,
h and col along the columns. Units become metres (m, mm, um, micron, nm, ...); without a unit metres are assumed, with a warning.
Positions that the recipe names are read by their units as well, unless it gives slow_multiplier and fast_multiplier.

Energy: incident_energy of an NXbeam or energy of an NXmonochromator (eV, keV, J), else a wavelength there. Distance, x_pixel_size,
y_pixel_size and pixel_mask (0 is good) are those of the NXdetector; its dark and flat field are used with use_dark and use_flat.`,
}

func open(ctx context.Context, env *recipes.Env, v *param.Values) (*recipes.Opened, error) {
	f, err := standard.New(env, v, keys)
	if err != nil {
		return nil, err
	}
	s := &search{Finder: f}
	for _, step := range []func() error{s.read, s.frames, s.positions, s.energy, s.detector} {
		if err := step(); err != nil {
			f.Files.Close()
			return nil, err
		}
	}
	return f.Open(ctx)
}

// object is a group or dataset of the file.
type object struct {
	path   string
	class  string // NX_class of a group
	info   *h5.Info
	broken error // a link that leads nowhere
}

// search looks through one file.
type search struct {
	*standard.Finder
	objects []object
	entries []object
	entry   string // path of the chosen entry

	frame string // path of the frames
	lead  []int  // their leading shape
	data  string // NXdata group that names them as its signal, "" without one
}

// read lists what the file holds.
func (s *search) read() error {
	err := s.H5.Walk(func(p string, e h5.Entry, d *h5.Info) error {
		o := object{path: p, info: d}
		switch {
		case e.Kind == h5.Group:
			o.class = s.text(p, "NX_class")
		case e.Kind == h5.Broken:
			if o.broken = e.Err; o.broken == nil {
				o.broken = errors.New("a link that leads nowhere")
			}
		}
		s.objects = append(s.objects, o)
		if len(s.objects) > 200000 {
			return errors.New("it holds more than 200000 objects")
		}
		return nil
	})
	if err != nil {
		return problem.Inputf("%s: %s cannot be looked through", s.Where(), s.Name()).Because(err)
	}
	if s.addEntries(func(o object) bool { return o.class == "NXentry" }); len(s.entries) == 0 { // no classes at all: any group at the top
		s.addEntries(func(o object) bool { return o.broken == nil })
		if slices.ContainsFunc(s.objects, func(o object) bool {
			return path.Dir(o.path) == "/" && o.info != nil && s.couldBeFrames(o.path, o.info) && !calibration(o.path)
		}) {
			s.entries = []object{{path: "/"}} // not even groups
		}
	}
	return s.chooseEntry()
}

// addEntries takes the groups at the top that fit as entries, each once whatever links lead to it.
func (s *search) addEntries(fits func(object) bool) {
	for _, o := range s.objects {
		if path.Dir(o.path) != "/" || o.info != nil || !fits(o) {
			continue
		}
		o.path = s.walked(o.path)
		if !slices.ContainsFunc(s.entries, func(e object) bool { return e.path == o.path }) {
			s.entries = append(s.entries, o)
		}
	}
}

// walked is the name of a group under which its content is among the objects: the content of a group
// that several links lead to is listed once.
func (s *search) walked(group string) string {
	if group == "/" || len(s.within(group)) > 0 {
		return group
	}
	id := s.identity(group)
	for _, o := range s.objects {
		if o.info == nil && o.path != group && s.identity(o.path) == id && len(s.within(o.path)) > 0 {
			return o.path
		}
	}
	return group
}

// chooseEntry takes the entry that the recipe names.
func (s *search) chooseEntry() error {
	if !s.Given(s.Keys.Entry) {
		return nil
	}
	want := "/" + strings.Trim(s.V.Text(s.Keys.Entry), "/")
	if kind, err := s.H5.Kind(want); err != nil || kind != h5.Group {
		return s.V.InputProblem(s.Keys.Entry, "%s has no group %s", s.Name(), want).WithHint("entries: %s", names(s.entries))
	}
	s.entries = []object{{path: s.walked(want)}}
	return nil
}

func names(objects []object) string {
	out := make([]string, len(objects))
	for i, o := range objects {
		out[i] = strings.TrimPrefix(o.path, "/")
	}
	return strings.Join(out, ", ")
}

// classOf is the class of a group, "" without one.
func (s *search) classOf(group string) string {
	for _, o := range s.objects {
		if o.path == group {
			return o.class
		}
	}
	return ""
}

// within are the objects below a group.
func (s *search) within(group string) []object {
	var out []object
	for _, o := range s.objects {
		if strings.HasPrefix(o.path, strings.TrimSuffix(group, "/")+"/") {
			out = append(out, o)
		}
	}
	return out
}

// text is a text attribute, "" when there is none.
func (s *search) text(p, name string) string {
	if t := s.texts(p, name); len(t) > 0 {
		return strings.TrimSpace(t[0])
	}
	return ""
}

// texts is a text attribute as a list; old files write lists as "a:b" or "[a,b]".
func (s *search) texts(p, name string) []string {
	v, _, err := s.H5.Attr(p, name)
	if err != nil {
		return nil
	}
	switch v := v.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	}
	return nil
}

// ints is an attribute of whole numbers, which some writers store as texts.
func (s *search) ints(p, name string) []int {
	v, _, err := s.H5.Attr(p, name)
	if err != nil {
		return nil
	}
	var out []int
	one := func(n int64) { out = append(out, int(n)) }
	switch v := v.(type) {
	case int64:
		one(v)
	case uint64:
		one(int64(v))
	case []int64:
		for _, n := range v {
			one(n)
		}
	case []uint64:
		for _, n := range v {
			one(int64(n))
		}
	case string:
		return numbersIn(v)
	case []string:
		for _, t := range v {
			out = append(out, numbersIn(t)...)
		}
	}
	return out
}

func numbersIn(t string) (out []int) {
	for _, f := range strings.FieldsFunc(t, func(r rune) bool { return r < '0' || r > '9' }) {
		n := 0
		if _, err := fmt.Sscan(f, &n); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// ---- frames

// candidate is a dataset that could be the frames; data is the NXdata group whose signal it is.
type candidate struct {
	path, data string
	info       *h5.Info // nil: a broken link
}

func (s *search) frames() error {
	if s.Given(hdf5.IntensitiesKey) {
		key := "/" + strings.Trim(s.V.Texts(hdf5.IntensitiesKey)[0], "/")
		s.entry = "/" + strings.SplitN(key[1:], "/", 2)[0]
		s.frame, s.data = key, s.signalGroup(key)
		var err error
		s.lead, err = s.Lead()
		return err
	}
	chosen, err := s.choose()
	if err != nil {
		return err
	}
	s.frame, s.data = chosen[0].path, chosen[0].data
	keys := make([]string, len(chosen))
	for i, c := range chosen {
		keys[i] = strings.TrimPrefix(c.path, "/")
	}
	if s.lead, err = s.Lead(keys...); err != nil { // a broken link, too
		return err
	}
	for _, c := range chosen {
		s.Found("frames", c.path, c.info, "counts")
	}
	s.Use(hdf5.IntensitiesFile, hdf5.IntensitiesKey, keys...)
	return nil
}

// numbered are the datasets of one stack that was cut in pieces: data_000001, data_000002, ... in one
// group, as Eiger masters have them. A broken link among them counts. ok is false for others.
func (s *search) numbered(all []candidate) (pieces []candidate, ok bool) {
	dir, prefix := path.Dir(all[0].path), strings.TrimRight(path.Base(all[0].path), "0123456789")
	is := func(p string) bool {
		rest, found := strings.CutPrefix(path.Base(p), prefix)
		return path.Dir(p) == dir && found && rest != "" && strings.Trim(rest, "0123456789") == ""
	}
	if slices.ContainsFunc(all, func(c candidate) bool { return !is(c.path) || s.isWhole(c) }) {
		return nil, false
	}
	for _, o := range s.within(dir) {
		if is(o.path) && (o.broken != nil || o.info != nil && s.couldBeFrames(o.path, o.info)) {
			pieces = append(pieces, candidate{path: o.path, data: all[0].data, info: o.info})
		}
	}
	return pieces, len(pieces) > 0
}

var firstPiece = regexp.MustCompile(`^data_0+1$`)

// isWhole says that a dataset is the signal of an NXdata group, and not only the first piece of it: as
// the signal of several pieces Eiger masters name data_000001. Pieces are no auxiliary signals.
func (s *search) isWhole(c candidate) bool {
	return c.data != "" && (!firstPiece.MatchString(path.Base(c.path)) || s.texts(c.data, "auxiliary_signals") != nil)
}

// joinedBy gives the dataset that joins all the others (a virtual one beside its pieces), nil when
// there is none.
func joinedBy(all []candidate) []candidate {
	for i, whole := range all {
		points := 0
		for j, piece := range all {
			if j != i && !isPiece(piece, whole) {
				points = -1
				break
			}
			if j != i {
				points += piece.info.Shape[0]
			}
		}
		if points == whole.info.Shape[0] {
			return []candidate{whole}
		}
	}
	return nil
}

// isPiece reports whether a stack of frames can be a part of another one beside it.
func isPiece(piece, whole candidate) bool {
	return path.Dir(piece.path) == path.Dir(whole.path) && len(piece.info.Shape) == 3 && len(whole.info.Shape) == 3 &&
		slices.Equal(piece.info.Shape[1:], whole.info.Shape[1:])
}

// choose finds the frames of the only entry that has some, the file's default entry first.
func (s *search) choose() ([]candidate, error) {
	found := map[string][]candidate{}
	var with []object
	for _, e := range s.entries {
		if c := s.inEntry(e.path); len(c) > 0 {
			found[e.path] = c
			with = append(with, e)
		}
	}
	if len(with) > 1 {
		first := s.walked("/" + strings.SplitN(strings.Trim(s.text("/", "default"), "/"), "/", 2)[0])
		if c := found[first]; len(c) > 0 {
			with = []object{{path: first}}
		} else if p := s.ptychography(with); len(p) == 1 {
			with = p
		}
	}
	switch {
	case len(with) == 0:
		return nil, problem.Inputf("%s: no frames found in %s; looked for: the signal of an NXdata group, and datasets of three or more dimensions whose last two are at least 8 x 8, in %s",
			s.Where(), s.Name(), names(s.entries)).WithHint("name the frames with intensities.key; `ptyprep inspect` lists what the file holds")
	case len(with) > 1:
		return nil, problem.Inputf("%s: several entries hold frames in %s: %s", s.Where(), s.Name(), names(with)).
			WithHint("say which with entry: %s", strings.TrimPrefix(with[0].path, "/"))
	}
	s.entry = with[0].path
	c := found[s.entry]
	if pieces, ok := s.numbered(c); ok {
		return pieces, nil
	}
	if len(c) > 1 {
		if whole := joinedBy(c); whole != nil {
			return whole, nil
		}
		var list []string
		for _, x := range c {
			list = append(list, fmt.Sprintf("%s (%s)", x.path, h5in.Shape(x.info.Shape)))
		}
		return nil, problem.Inputf("%s: several datasets of %s could be the frames: %s", s.Where(), s.Name(), strings.Join(list, ", ")).
			WithHint("say which with intensities.key: %s", strings.TrimPrefix(c[0].path, "/"))
	}
	return c, nil
}

// ptychography keeps the entries that say they are made for it: others hold the same frames as the
// control system wrote them.
func (s *search) ptychography(entries []object) (out []object) {
	for _, e := range entries {
		d, err := s.H5.Dataset(path.Join(e.path, "definition"))
		if err != nil {
			continue
		}
		if t, err := d.Strings(); err == nil && len(t) > 0 && strings.Contains(t[0], "ptycho") {
			out = append(out, e)
		}
		d.Close()
	}
	return out
}

// inEntry gives the frames of an entry: one where the standard's attributes lead to it, else all
// datasets that could be frames.
func (s *search) inEntry(entry string) []candidate {
	for _, start := range []string{"/", entry} {
		d := s.follow(start)
		if c, ok := s.signal(d); ok && strings.HasPrefix(d, strings.TrimSuffix(entry, "/")+"/") {
			return []candidate{c}
		}
	}
	var signals []candidate
	for _, o := range s.within(entry) {
		if o.class != "NXdata" {
			continue
		}
		if c, ok := s.signal(o.path); ok && c.info != nil {
			signals = append(signals, c)
		}
	}
	if len(signals) > 0 && !slices.ContainsFunc(signals, func(c candidate) bool { return s.identity(c.path) != s.identity(signals[0].path) }) {
		return signals[:1]
	}
	var all []candidate
	seen := map[string]bool{}
	for _, o := range s.within(entry) {
		if o.info == nil || !s.couldBeFrames(o.path, o.info) || calibration(o.path) {
			continue
		}
		if is := s.identity(o.path); !seen[is] {
			seen[is] = true
			all = append(all, candidate{path: o.path, data: s.signalGroup(o.path), info: o.info})
		}
	}
	return all
}

// follow goes from group to group along their attributes default, to the one that has none.
func (s *search) follow(group string) string {
	const most = 16 // a ring of them has no end
	for range most {
		d := s.text(group, "default")
		if d == "" {
			break
		}
		if !strings.HasPrefix(d, "/") {
			d = path.Join(group, d)
		}
		if kind, err := s.H5.Kind(d); err != nil || kind != h5.Group {
			break
		}
		group = s.walked(path.Clean(d))
	}
	return group
}

func (s *search) couldBeFrames(p string, in *h5.Info) bool {
	return standard.IsFrames(in) && s.text(p, "interpretation") != "spectrum" && s.text(path.Dir(p), "interpretation") != "spectrum"
}

// calibration says by its name that a dataset holds no frames of the scan.
func calibration(p string) bool {
	name := strings.ToLower(path.Base(p))
	for _, word := range []string{"mask", "dark", "flat", "white", "background", "gain", "pedestal"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// signal gives the frames that an NXdata group names. A signal whose link is broken counts.
func (s *search) signal(group string) (candidate, bool) {
	name := s.text(group, "signal")
	if name == "" {
		name = s.oldSignal(group)
	}
	if name == "" {
		return candidate{}, false
	}
	p := path.Join(group, name)
	in, err := s.Info(p)
	switch {
	case err != nil:
		return candidate{path: p, data: group}, true
	case in == nil || !s.couldBeFrames(p, in):
		return candidate{}, false
	}
	return candidate{path: p, data: group, info: in}, true
}

// oldSignal is the dataset of a group with the attribute signal=1.
func (s *search) oldSignal(group string) string {
	for _, name := range s.children(group) {
		if slices.Contains(s.ints(path.Join(group, name), "signal"), 1) {
			return name
		}
	}
	return ""
}

// children are the names of the datasets in a group, links to datasets included.
func (s *search) children(group string) []string {
	entries, err := s.H5.List(group)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if e.Kind == h5.DatasetKind {
			out = append(out, e.Name)
		}
	}
	return out
}

// signalGroup is the NXdata group that a dataset is the signal of: its own, or one that links to it.
func (s *search) signalGroup(dataset string) string {
	group := path.Dir(dataset)
	if n := s.text(group, "signal"); n == path.Base(dataset) || n == "" && s.oldSignal(group) == path.Base(dataset) {
		return group
	}
	id := s.identity(dataset)
	for _, o := range s.within(s.entryOf(dataset)) {
		if o.class != "NXdata" {
			continue
		}
		n := s.text(o.path, "signal")
		if n == "" {
			n = s.oldSignal(o.path)
		}
		if n != "" && s.identity(path.Join(o.path, n)) == id {
			return o.path
		}
	}
	return ""
}

// holder is the first of the groups that a dataset lies in, or a link to it; "" when there is none.
func (s *search) holder(dataset string, groups []string) string {
	id := s.identity(dataset)
	for _, g := range groups {
		for _, name := range s.children(g) {
			if s.identity(path.Join(g, name)) == id {
				return g
			}
		}
	}
	return ""
}

func (s *search) entryOf(p string) string {
	return "/" + strings.SplitN(strings.TrimPrefix(p, "/"), "/", 2)[0]
}

// identity is one name for all names of an object, whatever links lead to it.
func (s *search) identity(p string) string {
	if id := s.H5.Identity(p); id != "" {
		return id
	}
	return p
}
