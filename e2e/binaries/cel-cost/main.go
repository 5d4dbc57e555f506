// Cel-cost says what the rules of a CustomResourceDefinition cost at worst, by the estimator of the API server:
//
//	cel-cost FILE...
//
// prints, for each rule, its share of what one rule may cost, its place and the rule; for each file the share of what all rules of
// a definition may cost together. Rules are compiled as the oldest supported API server does it, so that one which that server
// does not know fails. It ends with 1 when an API server would refuse a definition.
package main

import (
	"context"
	"fmt"
	"os"
	"sort"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

// An API server of 1.33 compiles new rules as 1.32 knew them, since it could be rolled back to that.
var oldest = version.MajorMinor(1, 32)

var scheme = runtime.NewScheme()

func init() {
	install.Install(scheme)
}

// A rule and what it costs.
type rule struct {
	place string
	text  string
	cost  uint64
}

// What is found in one definition.
type found struct {
	rules    []rule
	total    uint64
	mistakes []error
}

func main() {
	refused := false
	for _, path := range os.Args[1:] {
		found, err := look(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, "cel-cost:", err)
			os.Exit(2)
		}
		show(path, found)
		refused = refused || len(found.mistakes) > 0
	}
	if refused {
		os.Exit(1)
	}
}

func look(path string) (found, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return found{}, err
	}
	var written v1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &written); err != nil {
		return found{}, fmt.Errorf("%s: %w", path, err)
	}
	scheme.Default(&written)
	var definition apiextensions.CustomResourceDefinition
	if err := scheme.Convert(&written, &definition, nil); err != nil {
		return found{}, fmt.Errorf("%s: %w", path, err)
	}
	// What the server sets when it takes a definition.
	definition.Status.StoredVersions = []string{definition.Spec.Versions[0].Name}
	var found found
	for _, mistake := range validation.ValidateCustomResourceDefinition(context.Background(), &definition) {
		found.mistakes = append(found.mistakes, mistake)
	}
	for _, version := range definition.Spec.Versions {
		schema := version.Schema
		if schema == nil {
			schema = definition.Spec.Validation
		}
		root := schema.OpenAPIV3Schema
		found.walk(root, field.NewPath(version.Name), validation.RootCELContext(root))
	}
	sort.SliceStable(found.rules, func(i, j int) bool { return found.rules[i].cost > found.rules[j].cost })
	return found, nil
}

func (f *found) walk(schema *apiextensions.JSONSchemaProps, path *field.Path, at *validation.CELSchemaContext) {
	if len(schema.XValidations) > 0 {
		f.compile(schema, path, at)
	}
	for name, property := range schema.Properties {
		f.walk(&property, path.Child(name), at.ChildPropertyContext(&property, name))
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		f.walk(schema.Items.Schema, path.Key(""), at.ChildItemsContext(schema.Items.Schema))
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		values := schema.AdditionalProperties.Schema
		f.walk(values, path.Key("*"), at.ChildAdditionalPropertiesContext(values))
	}
}

func (f *found) compile(schema *apiextensions.JSONSchemaProps, path *field.Path, at *validation.CELSchemaContext) {
	types, err := at.TypeInfo()
	if err != nil || types == nil {
		f.mistakes = append(f.mistakes, fmt.Errorf("%s: has no type: %v", path, err))
		return
	}
	environment := environment.MustBaseEnvSet(oldest)
	results, err := cel.Compile(types.Schema, types.DeclType, celconfig.PerCallLimit, environment, cel.NewExpressionsEnvLoader())
	if err != nil {
		f.mistakes = append(f.mistakes, fmt.Errorf("%s: %w", path, err))
		return
	}
	for i, result := range results {
		text := schema.XValidations[i].Rule
		if result.Error != nil {
			f.mistakes = append(f.mistakes, fmt.Errorf("%s: %s: %s", path, text, result.Error.Detail))
		}
		cardinality := result.MaxCardinality
		if at.MaxCardinality != nil {
			cardinality = *at.MaxCardinality
		}
		cost := result.MaxCost * cardinality
		f.rules = append(f.rules, rule{place: path.String(), text: text, cost: cost})
		f.total += cost + result.MessageExpressionMaxCost
	}
}

func show(path string, found found) {
	share := func(cost, limit uint64) float64 { return 100 * float64(cost) / float64(limit) }
	fmt.Printf("%s: %.1f %% of what all rules of a definition may cost\n", path, share(found.total, validation.StaticEstimatedCRDCostLimit))
	for _, rule := range found.rules {
		fmt.Printf("%8.3f %%  %s  %s\n", share(rule.cost, validation.StaticEstimatedCostLimit), rule.place, rule.text)
	}
	for _, mistake := range found.mistakes {
		fmt.Fprintf(os.Stderr, "%s: %v\n", path, mistake)
	}
}
