package all

import (
	"bytes"
	"testing"

	"ptyprep/internal/recipes"
)

// Every recipe can be opened, says what it is, and what `recipes show` prints is a recipe again,
// in every format.
func TestEveryRecipe(t *testing.T) {
	r := Registry()
	for _, s := range r.List() {
		t.Run(s.Name, func(t *testing.T) {
			if recipes.OpenerOf(s) == nil || s.Summary == "" || s.Doc == "" {
				t.Errorf("opener, summary or page is missing")
			}
			for _, format := range recipes.Formats {
				var b bytes.Buffer
				if err := recipes.Show(&b, s, format); err != nil {
					t.Fatal(err)
				}
				ext := "." + format
				if format == "json" { // JSON is YAML
					ext = ".yaml"
				}
				if _, err := r.Parse("shown"+ext, ext, b.Bytes(), nil); err != nil {
					t.Errorf("what is shown as %s is refused: %v", format, err)
				}
			}
		})
	}
}
