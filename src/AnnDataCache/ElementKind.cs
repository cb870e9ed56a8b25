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
    /// <summary>Cannot be read; <see cref="ElementInfo.Reason"/> says why. The other elements can.</summary>
    Refused,
}
