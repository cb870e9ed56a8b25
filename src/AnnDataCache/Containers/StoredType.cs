namespace AnnDataCache.Containers;

internal enum StoredClass
{
    /// <summary>Integer, float, bool or complex: see <see cref="StoredType.Number"/>.</summary>
    Number,
    /// <summary>Every string takes <see cref="StoredType.Size"/> bytes, padded.</summary>
    FixedString,
    /// <summary>Every string has its own length.</summary>
    VariableString,
    /// <summary>A record: see <see cref="StoredType.Fields"/>.</summary>
    Compound,
    /// <summary>The 8-byte address of another object.</summary>
    Reference,
    /// <summary>Anything else (opaque, variable-length lists, enums that are not bool): named, not read.</summary>
    Other,
}

/// <summary>Type of an array's or attribute's values as the file says it.</summary>
/// <param name="Class">What kind of value it is.</param>
/// <param name="Size">Bytes of one value as <see cref="ContainerArray.Read"/> gives it; for strings, as stored.</param>
/// <param name="Description">In words: <c>f64</c>, <c>i32be</c>, <c>enum&lt;i8&gt;{FALSE=0,TRUE=1}</c>, <c>vlen-str-utf8</c>.</param>
internal sealed record StoredType(StoredClass Class, int Size, string Description)
{
    /// <summary>Set when <see cref="Class"/> is <see cref="StoredClass.Number"/>.</summary>
    internal DType? Number { get; init; }

    /// <summary>Members of a compound, in file order; empty otherwise.</summary>
    internal IReadOnlyList<StoredField> Fields { get; init; } = [];

    internal bool IsString => Class is StoredClass.FixedString or StoredClass.VariableString;
}

/// <summary>One member of a compound type.</summary>
/// <param name="Name">As stored.</param>
/// <param name="Offset">Bytes from the start of the record, as <see cref="ContainerArray.Read"/> gives it.</param>
/// <param name="Type">The member's type.</param>
/// <param name="Shape">Axes of an array member; empty for a plain one.</param>
internal sealed record StoredField(string Name, int Offset, StoredType Type, IReadOnlyList<long> Shape);
