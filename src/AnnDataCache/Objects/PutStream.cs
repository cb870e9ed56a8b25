using System.Buffers;
using System.Buffers.Binary;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Objects;

/// <summary>Reads an object that another program writes as one stream (docs/part-format.md), straight into its reserved part.</summary>
/// <remarks>The stream is hostile: its lengths are compared with what the layout implies before any room is taken.</remarks>
internal sealed class PutStream(Stream stream, string name, CancellationToken cancellation)
{
    private const int MagicLength = 8, PieceBytes = 1 << 20;

    /// <summary>A dataframe of 100,000 columns has a header of some 15 MB.</summary>
    private const int MaxHeader = 32 << 20;

    private static ReadOnlySpan<byte> Magic => "ADCPUT1\n"u8;

    internal PutResult Put(PartStore store, bool overwrite)
    {
        ObjectWriter.RequireFree(store, name, overwrite);
        PartLayout layout = PutHeader.Read(ReadHeader(), name);
        using ObjectWriter writer = ObjectWriter.Reserve(store, layout, overwrite);
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            foreach (ColumnLayout column in layout.Columns) { Fill(writer, column, piece); }
            if (Read(piece.AsMemory(0, 1)) != 0) { throw ObjectWriter.Bad(name, "its stream goes on behind the last buffer"); }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }

        return writer.Seal(cancellation);
    }

    private ReadOnlyMemory<byte> ReadHeader()
    {
        byte[] start = new byte[MagicLength + sizeof(long)];
        ReadAll(start, "magic");
        if (!start.AsSpan(0, MagicLength).SequenceEqual(Magic)) { throw ObjectWriter.Bad(name, "its stream does not start with 'ADCPUT1'"); }
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(start.AsSpan(MagicLength));
        if (length > MaxHeader) { throw ObjectWriter.Bad(name, $"its header has {length:N0} bytes; up to {MaxHeader:N0} are read"); }
        byte[] header = new byte[length];
        ReadAll(header, "header");
        return header;
    }

    private void Fill(ObjectWriter writer, ColumnLayout column, byte[] piece)
    {
        Copy(writer, column, "validity", column.Validity, piece);
        Copy(writer, column, "offsets", column.Offsets, piece);
        Copy(writer, column, "indices", column.Indices, piece);
        Copy(writer, column, "values", column.Values, piece);
        if (column.Categories is { } categories) { Fill(writer, categories, piece); }
        if (column.Items is { } items) { Fill(writer, items, piece); }
    }

    private void Copy(ObjectWriter writer, ColumnLayout column, string buffer, BufferRange place, byte[] piece)
    {
        for (long done = 0; done < place.Length;)
        {
            Memory<byte> part = piece.AsMemory(0, (int)Math.Min(PieceBytes, place.Length - done));
            ReadAll(part, $"{buffer} of column '{column.Name}', which have {place.Length:N0} bytes");
            writer.Target.Write(place.Offset + done, part.Span);
            done += part.Length;
        }
    }

    private void ReadAll(Memory<byte> bytes, string where)
    {
        for (int done = 0; done < bytes.Length;)
        {
            int count = Read(bytes[done..]);
            if (count == 0) { throw ObjectWriter.Bad(name, $"its stream ends in the {where}"); }
            done += count;
        }
    }

    /// <summary>A read of a pipe cannot be cancelled, but need not be waited for: the process ends before it does.</summary>
    private int Read(Memory<byte> bytes)
    {
        try
        {
            ValueTask<int> read = stream.ReadAsync(bytes, cancellation);
            return read.IsCompletedSuccessfully ? read.Result : read.AsTask().WaitAsync(cancellation).GetAwaiter().GetResult();
        }
        catch (IOException failed)
        {
            throw ObjectWriter.Bad(name, $"its stream cannot be read ({failed.Message.TrimEnd('.')})", failed);
        }
    }
}
