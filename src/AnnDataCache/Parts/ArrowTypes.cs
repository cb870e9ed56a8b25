using Google.FlatBuffers;

namespace AnnDataCache.Parts;

/// <summary>Arrow's schema of a part, as FlatBuffers tables (Arrow columnar format, Schema.fbs).</summary>
/// <remarks>Plain types only: some readers refuse extension types, and none needs them here.</remarks>
internal static class ArrowTypes
{
    private const byte Int = 2, Float = 3, Bool = 6, List = 12, Struct = 13, FixedSizeList = 16, LargeBinary = 19, LargeUtf8 = 20, LargeList = 21;

    /// <summary>Table <c>Schema</c>.</summary>
    /// <param name="builder">Where it is built.</param>
    /// <param name="layout">The part; the dictionaries of its columns are numbered in their order.</param>
    internal static int Schema(FlatBufferBuilder builder, PartLayout layout)
    {
        int[] fields = new int[layout.Columns.Count];
        for (int i = 0; i < fields.Length; i++) { fields[i] = Column(builder, layout, layout.Columns[i], i); }
        int vector = Offsets(builder, fields);
        int metadata = layout.Kind == PartKind.Frame ? KeyValues(builder, PandasMetadata.Of(layout)) : 0;
        builder.StartTable(4);
        builder.AddOffset(1, vector, 0);
        if (metadata != 0) { builder.AddOffset(2, metadata, 0); }
        return builder.EndTable();
    }

    private static int Column(FlatBufferBuilder builder, PartLayout layout, ColumnLayout column, int id)
    {
        List<(string, string)> metadata = [];
        if (layout.Kind is PartKind.Dense or PartKind.Csr or PartKind.Csc)
        {
            metadata.Add(("shape", $"[{string.Join(",", layout.Shape)}]"));
            metadata.Add(("kind", LayoutJson.NameOf(layout.Kind)));
        }

        if (column.Categories is { } categories)
        {
            (byte type, int table, int[] children) = Values(builder, categories);
            int index = IntType(builder, column.Type);
            builder.StartTable(4);
            builder.AddBool(2, column.Ordered, false);
            builder.AddOffset(1, index, 0);
            builder.AddLong(0, id, 0);
            return Field(builder, column.Name, nullable: true, type, table, children, builder.EndTable(), metadata);
        }

        (byte ownType, int ownTable, int[] ownChildren) = Values(builder, column);
        return Field(builder, column.Name, column.Validity.Length > 0, ownType, ownTable, ownChildren, 0, metadata);
    }

    /// <summary>The type of a column's values without its dictionary, with its child fields.</summary>
    private static (byte Type, int Table, int[] Children) Values(FlatBufferBuilder builder, ColumnLayout column)
    {
        switch (column.Kind)
        {
            case ColumnKind.Bool: return (Bool, Empty(builder), []);
            case ColumnKind.String or ColumnKind.Json: return (LargeUtf8, Empty(builder), []);
            case ColumnKind.Bytes: return (LargeBinary, Empty(builder), []);
            case ColumnKind.List:
                (byte type, int table, int[] children) = Values(builder, column.Items!);
                int item = Field(builder, "item", nullable: false, type, table, children, 0, []);
                return (LargeList, Empty(builder), [item]);
            case ColumnKind.Sparse:
                int index = Numbers(builder, "index", column.IndexType, 1), value = Numbers(builder, "value", column.Type, 1);
                int entry = Field(builder, "item", nullable: false, Struct, Empty(builder), [index, value], 0, []);
                return (column.OffsetType == DType.Int32 ? List : LargeList, Empty(builder), [entry]);
            default: return NumberType(builder, column.Type, column.Width);
        }
    }

    private static int Numbers(FlatBufferBuilder builder, string name, DType type, long width)
    {
        (byte arrow, int table, int[] children) = NumberType(builder, type, width);
        return Field(builder, name, nullable: false, arrow, table, children, 0, []);
    }

    /// <summary>Numbers in a row of one value are primitive; more are a fixed_size_list; complex ones count twice.</summary>
    private static (byte Type, int Table, int[] Children) NumberType(FlatBufferBuilder builder, DType type, long width)
    {
        (DType plain, long items) = Flatten(type, width);
        if (items == 1 && type == plain) { return (plain < DType.Float16 ? Int : Float, PlainType(builder, plain), []); }
        int item = Field(builder, "item", nullable: false, plain < DType.Float16 ? Int : Float, PlainType(builder, plain), [], 0, []);
        builder.StartTable(1);
        builder.AddInt(0, checked((int)items), 0);
        return (FixedSizeList, builder.EndTable(), [item]);
    }

    /// <summary>Complex numbers as pairs of floats.</summary>
    internal static (DType Type, long Width) Flatten(DType type, long width) => type switch
    {
        DType.Complex64 => (DType.Float32, 2 * width),
        DType.Complex128 => (DType.Float64, 2 * width),
        _ => (type, width),
    };

    private static int PlainType(FlatBufferBuilder builder, DType type) => type < DType.Float16 ? IntType(builder, type) : FloatType(builder, type);

    private static int IntType(FlatBufferBuilder builder, DType type)
    {
        builder.StartTable(2);
        builder.AddBool(1, type is >= DType.Int8 and <= DType.Int64, false);
        builder.AddInt(0, 8 * type.Size(), 0);
        return builder.EndTable();
    }

    private static int FloatType(FlatBufferBuilder builder, DType type)
    {
        builder.StartTable(1);
        builder.AddShort(0, (short)(type - DType.Float16), 0);
        return builder.EndTable();
    }

    private static int Empty(FlatBufferBuilder builder)
    {
        builder.StartTable(0);
        return builder.EndTable();
    }

    private static int Field(
        FlatBufferBuilder builder, string name, bool nullable, byte type, int table, int[] children, int dictionary,
        IReadOnlyList<(string, string)> metadata)
    {
        int text = builder.CreateString(name).Value;
        int childVector = Offsets(builder, children);
        int pairs = metadata.Count > 0 ? KeyValues(builder, metadata) : 0;
        builder.StartTable(7);
        builder.AddOffset(0, text, 0);
        builder.AddBool(1, nullable, false);
        builder.AddByte(2, type, 0);
        builder.AddOffset(3, table, 0);
        if (dictionary != 0) { builder.AddOffset(4, dictionary, 0); }
        builder.AddOffset(5, childVector, 0);
        if (pairs != 0) { builder.AddOffset(6, pairs, 0); }
        return builder.EndTable();
    }

    internal static int KeyValues(FlatBufferBuilder builder, IReadOnlyList<(string Key, string Value)> pairs)
    {
        int[] tables = new int[pairs.Count];
        for (int i = 0; i < tables.Length; i++)
        {
            int value = builder.CreateString(pairs[i].Value).Value, key = builder.CreateString(pairs[i].Key).Value;
            builder.StartTable(2);
            builder.AddOffset(0, key, 0);
            builder.AddOffset(1, value, 0);
            tables[i] = builder.EndTable();
        }

        return Offsets(builder, tables);
    }

    internal static int Offsets(FlatBufferBuilder builder, int[] tables)
    {
        builder.StartVector(4, tables.Length, 4);
        for (int i = tables.Length - 1; i >= 0; i--) { builder.AddOffset(tables[i]); }
        return builder.EndVector().Value;
    }
}
