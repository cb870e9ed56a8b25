using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

// AnnData's model on top of a container: which node is what, and where its pieces are.
//
//   ElementEncoding   names the kind of a node from its attributes (encoding-type) or, in older files, from its form
//   ElementTree       walks a container and describes every element without reading data      → ElementInfo
//   ContentReader     finds the arrays that one element is made of, checked against each other → ElementContent
//   TreeJson          the description, and scalar values, as JSON
//
// The specification is AnnData's "on-disk format": https://anndata.readthedocs.io/en/stable/fileformat-prose.html.
// A node that cannot be understood becomes ElementKind.Refused with its reason; the others are unaffected.

/// <summary>The kind of a node, and how it says so.</summary>
/// <param name="Kind">What the node is.</param>
/// <param name="Type">Attribute <c>encoding-type</c>, or null.</param>
/// <param name="Version">Attribute <c>encoding-version</c>, or null.</param>
/// <param name="Reason">Why it is refused, or null.</param>
internal readonly record struct ElementEncoding(ElementKind Kind, string? Type, string? Version, string? Reason = null)
{
    /// <summary>Recognises a node. Never throws for what the file says; the reason is in the result.</summary>
    internal static ElementEncoding Of(ContainerNode node)
    {
        string? type = null, version = null;
        try
        {
            type = node.FindAttribute("encoding-type")?.AsString();
            version = node.FindAttribute("encoding-version")?.AsString();
            ElementKind? kind = node is ContainerGroup group ? OfGroup(group, type) : OfArray((ContainerArray)node, type);
            return kind is { } known
                ? new ElementEncoding(known, type, version)
                : Refuse(type, version, $"encoding-type '{type}' is not read on a {(node is ContainerGroup ? "group" : "dataset")}");
        }
        catch (Exception damage) when (ContainerException.IsDamage(damage))
        {
            return Refuse(type, version, damage.Message);
        }
    }

    private static ElementEncoding Refuse(string? type, string? version, string reason) =>
        new(ElementKind.Refused, type, version, reason);

    private static ElementKind? OfGroup(ContainerGroup group, string? type) => type switch
    {
        "dataframe" => ElementKind.DataFrame,
        "csr_matrix" or "csr" => ElementKind.Csr,
        "csc_matrix" or "csc" => ElementKind.Csc,
        "categorical" => ElementKind.Categorical,
        "nullable-integer" => ElementKind.NullableInteger,
        "nullable-boolean" => ElementKind.NullableBoolean,
        "nullable-string-array" or "nullable-string" => ElementKind.NullableStringArray,
        "awkward-array" => ElementKind.AwkwardArray,
        "dict" or "mapping" or "raw" or null or "" => OfPlainGroup(group),
        _ when IsObject(type) => OfPlainGroup(group),
        _ => null,
    };

    /// <summary>True for what a whole AnnData or MuData object says of itself; writers differ in the case of letters.</summary>
    internal static bool IsObject(string? type) =>
        "anndata".Equals(type, StringComparison.OrdinalIgnoreCase) || "mudata".Equals(type, StringComparison.OrdinalIgnoreCase);

    /// <summary>Files older than anndata 0.8 mark sparse groups by their own attribute, and dicts not at all.</summary>
    private static ElementKind OfPlainGroup(ContainerGroup group) => group.FindAttribute("h5sparse_format")?.AsString() switch
    {
        "csr" => ElementKind.Csr,
        "csc" => ElementKind.Csc,
        _ => ElementKind.Dict,
    };

    private static ElementKind? OfArray(ContainerArray array, string? type)
    {
        if (array.IsNull || type == "null") { return ElementKind.Null; }
        if (type is not (null or "" or "array" or "string-array" or "string" or "numeric-scalar" or "dict" or "bytes" or "rec-array")) { return null; }
        if (array.Type.Class == StoredClass.Compound && array.Type.Fields.Count > 0) { return ElementKind.RecArray; }
        bool scalar = array.Shape.Count == 0;
        if (array.Type.IsString) { return scalar ? ElementKind.String : ElementKind.StringArray; }
        if (array.Type.Class != StoredClass.Number)
        {
            throw new UnsupportedContainerException($"'{array.Path}' holds values of type {array.Type.Description}, which are not read");
        }

        return scalar ? ElementKind.Number : ElementKind.Dense;
    }
}
