package scene

import "testing"

func TestShapes(t *testing.T) {
	if !isGUID("{66841cd4-6ded-4f4b-8f17-fd23f8ddc3de}") || isGUID("66841cd4-6ded-4f4b-8f17-fd23f8ddc3dz") || isGUID("") {
		t.Error("isGUID")
	}
}
