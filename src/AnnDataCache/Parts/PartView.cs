using System.Buffers.Binary;
using AnnDataCache.Interop;

namespace AnnDataCache.Parts;

/// <summary>A part that is open for reading: its layout, checked, and its bytes, mapped. Owned by whoever opened it.</summary>
internal sealed unsafe class PartView : IDisposable
{
    /// <summary>Enough for the footer of most parts: one pread.</summary>
    private const int TailLength = 8192;

    /// <summary>A dataframe of 100,000 columns stays below this.</summary>
    internal const int MaxFooter = 64 << 20;

    [ThreadStatic] private static byte[]? s_tail;

    private PartView(PartLayout layout, MappedFile mapping) => (Layout, Mapping) = (layout, mapping);

    internal PartLayout Layout { get; }

    internal MappedFile Mapping { get; }

    /// <summary>Reads the layout by pread, checks it against the file, and maps. No page of the mapping is touched.</summary>
    /// <param name="file">Stays the caller's; the mapping keeps the description alive.</param>
    /// <param name="fileLength">As the kernel says it.</param>
    /// <exception cref="PartException">Not a part, or a damaged one.</exception>
    internal static PartView Open(FileDescriptor file, long fileLength) =>
        new(ReadLayout(file, fileLength), MappedFile.Map(file, fileLength));

    /// <summary>The layout alone, checked against the file's length.</summary>
    /// <exception cref="PartException">Not a part, or a damaged one.</exception>
    internal static PartLayout ReadLayout(FileDescriptor file, long fileLength)
    {
        int length = (int)Math.Min(TailLength, fileLength);
        byte[] tail = s_tail ??= new byte[TailLength];
        if (fileLength < 24 || file.Read(fileLength - length, tail.AsSpan(0, length)) != length
            || !tail.AsSpan(length - ArrowMessages.Magic.Length, ArrowMessages.Magic.Length).SequenceEqual(ArrowMessages.Magic))
        {
            throw new PartException($"The file has {fileLength:N0} bytes and does not end as a part does");
        }

        const int Ending = sizeof(int) + 6;
        int footer = BinaryPrimitives.ReadInt32LittleEndian(tail.AsSpan(length - Ending));
        if (footer <= 0 || footer > MaxFooter || footer > fileLength - Ending) { throw new PartException($"The part's footer has {footer:N0} bytes"); }
        ReadOnlySpan<byte> bytes = tail.AsSpan(Math.Max(0, length - Ending - footer), Math.Min(footer, length - Ending));
        if (footer > length - Ending)
        {
            byte[] whole = new byte[footer];
            if (file.Read(fileLength - Ending - footer, whole) != footer) { throw new PartException("The part's footer cannot be read"); }
            bytes = whole;
        }

        int start = bytes.LastIndexOf(LayoutJson.Marker);
        if (start < 0) { throw new PartException("The file is an Arrow file, but not a part: it has no layout"); }
        PartLayout layout = LayoutJson.Read(bytes[start..]);
        if (LayoutRules.FindProblem(layout) is { } problem) { throw new PartException($"The part is damaged: {problem}"); }
        long bodyEnd = fileLength - Ending - footer;
        foreach (ColumnLayout column in layout.Columns) { Check(column, bodyEnd); }
        return layout;
    }

    private static void Check(ColumnLayout column, long bodyEnd)
    {
        CheckRange(column.Name, column.Validity, bodyEnd);
        CheckRange(column.Name, column.Offsets, bodyEnd);
        CheckRange(column.Name, column.Indices, bodyEnd);
        CheckRange(column.Name, column.Values, bodyEnd);
        if (column.Categories is { } categories) { Check(categories, bodyEnd); }
        if (column.Items is { } items) { Check(items, bodyEnd); }
    }

    private static void CheckRange(string name, BufferRange range, long bodyEnd)
    {
        if (range.Offset < 0 || range.Length < 0 || range.Offset > bodyEnd - range.Length || range.Offset % BufferLengths.Alignment != 0)
        {
            throw new PartException($"The part is damaged: column '{name}' has a buffer of {range.Length:N0} bytes at {range.Offset:N0} in {bodyEnd:N0}");
        }
    }

    /// <summary>First byte of a buffer of the layout. Valid until this is disposed.</summary>
    internal byte* Address(BufferRange range) => Mapping.Address + range.Offset;

    /// <summary>A buffer of the layout that a span can hold.</summary>
    internal ReadOnlySpan<byte> Span(BufferRange range) => Mapping.Span(range.Offset, checked((int)range.Length));

    public void Dispose() => Mapping.Dispose();
}
