// Kstatus says what Argo CD, Flux and kpt make of an object, by the library that they use:
//
//	kubectl get KIND NAME -o json | kstatus
//
// prints the status, a tab and the reason.
package main

import (
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	exitOn(err)
	var object unstructured.Unstructured
	exitOn(object.UnmarshalJSON(text))
	result, err := status.Compute(&object)
	exitOn(err)
	fmt.Printf("%s\t%s\n", result.Status, result.Message)
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "kstatus:", err)
		os.Exit(1)
	}
}
