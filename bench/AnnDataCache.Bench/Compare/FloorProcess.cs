using System.Diagnostics;
using System.Globalization;
using AnnDataCache.Containers;
using AnnDataCache.Hdf5;
using AnnDataCache.Interop;

namespace AnnDataCache.Bench;

/// <summary>What the machine needs for the parts of the work, with nothing around them: to be run in a process of its own.</summary>
internal static unsafe class FloorProcess
{
    private const int PieceBytes = 128 << 10;

    /// <summary>
    /// Prints seconds: chunks decoded by two threads and dropped; bytes written to new pages; a file's bytes read and written to pages that are
    /// there, by two threads; bytes copied between warm buffers.
    /// </summary>
    /// <param name="file">With the chunks.</param>
    /// <param name="bytes">Of its parts.</param>
    /// <param name="folder">In memory.</param>
    /// <param name="same">A file that has the bytes of the parts.</param>
    internal static int Run(string file, long bytes, string folder, string same)
    {
        Decode(file); // the run-time compiler's turn
        double inflate = Time(() => Decode(file)), pages = Time(() => Write(Path.Join(folder, "floor"), bytes));
        string present = Path.Join(folder, "floor");
        for (int i = 0; i < 2; i++) { Rewrite(same, present); } // as before a steady load
        double rewrite = Time(() => Rewrite(same, present));
        File.Delete(present);
        using NativeBuffer from = new(Math.Min(bytes, 256 << 20)), to = new(from.Length);
        void Copy(long count)
        {
            for (long done = 0; done < count; done += from.Length)
            {
                long here = Math.Min(from.Length, count - done);
                Buffer.MemoryCopy(from.Address, to.Address, here, here);
            }
        }

        Copy(from.Length);
        double copy = Time(() => Copy(bytes));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"inflate\": {inflate:R}, \"pages\": {pages:R}, \"rewrite\": {rewrite:R}, \"copy\": {copy:R}}}"));
        return 0;
    }

    private static void Decode(string path)
    {
        using Hdf5File file = Hdf5File.Open(path);
        DecodeAll(file.Root);
    }

    private static void DecodeAll(ContainerGroup group)
    {
        foreach (string name in group.MemberNames)
        {
            switch (group.Open(name))
            {
                case ContainerGroup inner:
                    DecodeAll(inner);
                    break;
                case ContainerArray { Type.Number: not null } array:
                    array.Read(new Nowhere(), new ReadContext(2, CancellationToken.None));
                    break;
            }
        }
    }

    private static void Write(string path, long bytes)
    {
        using FileDescriptor file = FileDescriptor.Open(path, Posix.ReadWrite | Posix.Create, 0x180);
        byte[] piece = new byte[PieceBytes];
        for (long at = 0; at < bytes; at += piece.Length) { file.Write(at, piece.AsSpan(0, (int)Math.Min(piece.Length, bytes - at))); }
    }

    private static void Rewrite(string from, string to)
    {
        using SourceFile source = SourceFile.Open(from);
        using FileDescriptor target = FileDescriptor.Open(to, Posix.ReadWrite);
        ReadContext context = new(BenchStore.Workers, CancellationToken.None);
        WorkCrew.Run(ChunkGrid.CountOn(source.Length, PieceBytes), context, () => new Rewriter(source, target));
    }

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private sealed class Nowhere : ByteTarget
    {
        internal override void Write(long offset, ReadOnlySpan<byte> bytes)
        {
        }
    }

    private sealed class Rewriter(SourceFile source, FileDescriptor target) : Worker
    {
        private readonly byte[] _piece = new byte[PieceBytes];

        internal override void Do(long item)
        {
            long at = item * PieceBytes;
            Span<byte> bytes = _piece.AsSpan(0, (int)Math.Min(PieceBytes, source.Length - at));
            source.Read(at, bytes);
            target.Write(at, bytes);
        }

        public override void Dispose()
        {
        }
    }
}
