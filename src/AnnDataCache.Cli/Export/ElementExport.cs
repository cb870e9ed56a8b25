namespace AnnDataCache.Cli.Export;

/// <summary>Which format writes an element, by the extension of the file.</summary>
internal static class ElementExport
{
    /// <exception cref="UsageException">No such format.</exception>
    internal static Action<Stream> WriterOf(string output, PinnedElement element, CancellationToken cancellation) => Path.GetExtension(output) switch
    {
        ".arrow" => element.CopyTo,
        ".pickle" when element.Info.Kind == ElementKind.Pickle && element.Columns.Count == 1 => stream => WriteBytes(element, stream, cancellation),
        string other when element.Info.Kind == ElementKind.Pickle => throw new UsageException(
            $"A Python object cannot be written to '{other}'; give .arrow, or .pickle if it has no buffers of its own."),
        ".csv" => stream => CsvExport.Write(element, stream, cancellation),
        ".npy" => stream => NpyExport.Write(element, stream, cancellation),
        ".mtx" => stream => MatrixMarketExport.Write(element, stream, cancellation),
        ".json" when element.Info.Kind == ElementKind.Dict => stream => WriteBytes(element, stream, cancellation),
        string other => throw new UsageException(
            $"'{other}' is not a kind of file that can be written; give .arrow, .csv, .npy, .mtx{(element.Info.Kind == ElementKind.Dict ? ", .json" : "")}."),
    };

    private static void WriteBytes(PinnedElement element, Stream stream, CancellationToken cancellation)
    {
        const int Piece = 4 << 20;
        PinnedBuffer bytes = element.Columns[0].Values;
        for (long start = 0; start < bytes.ByteLength; start += Piece)
        {
            cancellation.ThrowIfCancellationRequested();
            stream.Write(bytes.Span<byte>(start, (int)Math.Min(Piece, bytes.ByteLength - start)));
        }
    }
}
