namespace AnnDataCache;

/// <summary>What an element of an AnnData file is, by AnnData's on-disk encodings.</summary>
public enum ElementKind
{
    /// <summary>A group of named elements: <c>uns</c>, <c>layers</c>, <c>obsm</c>, a modality, the file itself.</summary>
    Dict,
    /// <summary>Numbers with any number of axes (<c>array</c>).</summary>
    Dense,
    /// <summary>Sparse, a row per observation (<c>csr_matrix</c>).</summary>
    Csr,
    /// <summary>Sparse, a row per variable (<c>csc_matrix</c>).</summary>
    Csc,
    /// <summary>An index and columns (<c>dataframe</c>).</summary>
    DataFrame,
    /// <summary>Codes into distinct values (<c>categorical</c>).</summary>
    Categorical,
    /// <summary>Strings with any number of axes (<c>string-array</c>).</summary>
    StringArray,
    /// <summary>Integers with a mask (<c>nullable-integer</c>).</summary>
    NullableInteger,
    /// <summary>Bools with a mask (<c>nullable-boolean</c>).</summary>
    NullableBoolean,
    /// <summary>Strings with a mask (<c>nullable-string-array</c>).</summary>
    NullableStringArray,
    /// <summary>One string (<c>string</c>).</summary>
    String,
    /// <summary>One number or bool (<c>numeric-scalar</c>).</summary>
    Number,
    /// <summary>Nothing: Python's None (<c>null</c>).</summary>
    Null,
    /// <summary>Records with named fields, each a column (<c>rec-array</c>).</summary>
    RecArray,
    /// <summary>Lists of unequal length: a form and the buffers that it is laid over (<c>awkward-array</c>).</summary>
    AwkwardArray,
    /// <summary>A Python object that was put by its pickle: bytes, which are never interpreted here.</summary>
    Pickle,
    /// <summary>Cannot be read; <see cref="ElementInfo.Reason"/> says why. The other elements can.</summary>
    Refused,
}

/// <summary>Names of <see cref="ElementKind"/>.</summary>
public static class ElementKinds
{
    /// <summary>True for what can be a column of a dataframe.</summary>
    internal static bool IsColumn(this ElementKind kind) => kind is ElementKind.Dense or ElementKind.Categorical or ElementKind.StringArray
        or ElementKind.NullableInteger or ElementKind.NullableBoolean or ElementKind.NullableStringArray
        or ElementKind.String or ElementKind.Number;

    /// <summary>The word for a kind, in JSON and for people: <c>dense</c>, <c>csr</c>, <c>nullable-integer</c>.</summary>
    public static string Name(this ElementKind kind) => kind switch
    {
        ElementKind.Dict => "dict",
        ElementKind.Dense => "dense",
        ElementKind.Csr => "csr",
        ElementKind.Csc => "csc",
        ElementKind.DataFrame => "dataframe",
        ElementKind.Categorical => "categorical",
        ElementKind.StringArray => "string-array",
        ElementKind.NullableInteger => "nullable-integer",
        ElementKind.NullableBoolean => "nullable-boolean",
        ElementKind.NullableStringArray => "nullable-string-array",
        ElementKind.String => "string",
        ElementKind.Number => "number",
        ElementKind.Null => "null",
        ElementKind.RecArray => "rec-array",
        ElementKind.AwkwardArray => "awkward-array",
        ElementKind.Pickle => "pickle",
        ElementKind.Refused => "refused",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of element."),
    };
}
