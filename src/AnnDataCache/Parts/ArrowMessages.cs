using System.Buffers.Binary;
using Google.FlatBuffers;

namespace AnnDataCache.Parts;

/// <summary>Arrow's messages and footer as bytes (Arrow columnar format, Message.fbs and File.fbs).</summary>
internal static class ArrowMessages
{
    private const short MetadataV5 = 4;
    private const byte SchemaHeader = 1, DictionaryHeader = 2, BatchHeader = 3;

    /// <summary>Before the metadata of each message: the continuation mark and the metadata's length.</summary>
    internal const int PrefixLength = 8;

    internal static ReadOnlySpan<byte> Magic => "ARROW1"u8;

    /// <summary>A message's place: where it starts, its metadata with prefix and padding, its body.</summary>
    internal readonly record struct Block(long Offset, int MetadataLength, long BodyLength);

    /// <summary>The batch of some columns: counts and the buffers' places inside the body.</summary>
    internal sealed class BatchContent
    {
        internal required long Rows { get; init; }
        internal List<(long Length, long NullCount)> Nodes { get; } = [];
        internal List<(long Offset, long Length)> Buffers { get; } = [];

        /// <summary>Adds a column's nodes and buffers in Arrow's order: a field, then its children.</summary>
        internal void Add(ColumnLayout column, long bodyStart)
        {
            Nodes.Add((column.Rows, column.NullCount));
            AddBuffer(column.Validity, bodyStart);
            if (column.Categories is not null || column.Kind is ColumnKind.Bool)
            {
                AddBuffer(column.Values, bodyStart);
                return;
            }

            switch (column.Kind)
            {
                case ColumnKind.String or ColumnKind.Json or ColumnKind.Bytes:
                    AddBuffer(column.Offsets, bodyStart);
                    AddBuffer(column.Values, bodyStart);
                    break;
                case ColumnKind.List:
                    AddBuffer(column.Offsets, bodyStart);
                    Add(column.Items!, bodyStart);
                    break;
                case ColumnKind.Sparse:
                    long entries = column.Values.Length / column.Type.Size();
                    AddBuffer(column.Offsets, bodyStart);
                    AddPlain(entries, default, bodyStart, hasValues: false); // the struct has a validity of its own, and no values
                    AddPlain(entries, column.Indices, bodyStart, hasValues: true);
                    AddNumbers(column.Type, entries, 1, column.Values, bodyStart, isChild: true);
                    break;
                default:
                    AddNumbers(column.Type, column.Rows, column.Width, column.Values, bodyStart, isChild: false);
                    break;
            }
        }

        private void AddNumbers(DType type, long rows, long width, BufferRange values, long bodyStart, bool isChild)
        {
            (DType plain, long items) = ArrowTypes.Flatten(type, width);
            bool isList = items != 1 || plain != type;
            if (isChild && isList) { AddPlain(rows, default, bodyStart, hasValues: false); }
            if (isList || isChild) { AddPlain(checked(rows * items), values, bodyStart, hasValues: true); }
            else { AddBuffer(values, bodyStart); }
        }

        private void AddPlain(long length, BufferRange values, long bodyStart, bool hasValues)
        {
            Nodes.Add((length, 0));
            AddBuffer(default, bodyStart);
            if (hasValues) { AddBuffer(values, bodyStart); }
        }

        private void AddBuffer(BufferRange range, long bodyStart) =>
            Buffers.Add(range.Length == 0 ? (0, 0) : (range.Offset - bodyStart, range.Length));
    }

    internal static byte[] Schema(PartLayout layout)
    {
        FlatBufferBuilder builder = new(1024);
        return Message(builder, SchemaHeader, ArrowTypes.Schema(builder, layout), 0);
    }

    internal static byte[] Batch(BatchContent content, long bodyLength)
    {
        FlatBufferBuilder builder = new(1024);
        return Message(builder, BatchHeader, RecordBatch(builder, content), bodyLength);
    }

    internal static byte[] Dictionary(long id, BatchContent content, long bodyLength)
    {
        FlatBufferBuilder builder = new(256);
        int data = RecordBatch(builder, content);
        builder.StartTable(3);
        builder.AddLong(0, id, 0);
        builder.AddOffset(1, data, 0);
        return Message(builder, DictionaryHeader, builder.EndTable(), bodyLength);
    }

    /// <summary>The footer; the layout's JSON is built first, so that it lies at the very end.</summary>
    internal static byte[] Footer(PartLayout layout, string json, IReadOnlyList<Block> dictionaries, Block batch)
    {
        FlatBufferBuilder builder = new(2048 + json.Length);
        int metadata = ArrowTypes.KeyValues(builder, [(LayoutJson.MetadataKey, json)]);
        int schema = ArrowTypes.Schema(builder, layout);
        int batches = Blocks(builder, [batch]), dictionaryBlocks = Blocks(builder, dictionaries);
        builder.StartTable(5);
        builder.AddShort(0, MetadataV5, 0);
        builder.AddOffset(1, schema, 0);
        builder.AddOffset(2, dictionaryBlocks, 0);
        builder.AddOffset(3, batches, 0);
        builder.AddOffset(4, metadata, 0);
        builder.Finish(builder.EndTable());
        return builder.SizedByteArray();
    }

    /// <summary>Mark, length and metadata of a message, padded so that what follows starts at a multiple of the alignment.</summary>
    internal static byte[] Frame(byte[] metadata, long at, int alignment)
    {
        long end = BufferLengths.AlignUp(at + PrefixLength + metadata.Length, alignment);
        byte[] framed = new byte[checked((int)(end - at))];
        BinaryPrimitives.WriteUInt32LittleEndian(framed, 0xFFFFFFFF);
        BinaryPrimitives.WriteInt32LittleEndian(framed.AsSpan(4), framed.Length - PrefixLength);
        metadata.CopyTo(framed, PrefixLength);
        return framed;
    }

    private static byte[] Message(FlatBufferBuilder builder, byte kind, int header, long bodyLength)
    {
        builder.StartTable(5);
        builder.AddLong(3, bodyLength, 0);
        builder.AddOffset(2, header, 0);
        builder.AddByte(1, kind, 0);
        builder.AddShort(0, MetadataV5, 0);
        builder.Finish(builder.EndTable());
        return builder.SizedByteArray();
    }

    private static int RecordBatch(FlatBufferBuilder builder, BatchContent content)
    {
        int buffers = Pairs(builder, content.Buffers), nodes = Pairs(builder, content.Nodes);
        builder.StartTable(5);
        builder.AddLong(0, content.Rows, 0);
        builder.AddOffset(1, nodes, 0);
        builder.AddOffset(2, buffers, 0);
        return builder.EndTable();
    }

    private static int Pairs(FlatBufferBuilder builder, List<(long First, long Second)> pairs)
    {
        builder.StartVector(16, pairs.Count, 8);
        for (int i = pairs.Count - 1; i >= 0; i--)
        {
            builder.Prep(8, 16);
            builder.PutLong(pairs[i].Second);
            builder.PutLong(pairs[i].First);
        }

        return builder.EndVector().Value;
    }

    private static int Blocks(FlatBufferBuilder builder, IReadOnlyList<Block> blocks)
    {
        builder.StartVector(24, blocks.Count, 8);
        for (int i = blocks.Count - 1; i >= 0; i--)
        {
            builder.Prep(8, 24);
            builder.PutLong(blocks[i].BodyLength);
            builder.Pad(4);
            builder.PutInt(blocks[i].MetadataLength);
            builder.PutLong(blocks[i].Offset);
        }

        return builder.EndVector().Value;
    }
}
