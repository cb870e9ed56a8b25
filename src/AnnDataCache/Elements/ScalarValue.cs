using System.Text;
using System.Text.Unicode;
using AnnDataCache.Containers;

namespace AnnDataCache.Elements;

/// <summary>Values of scalars, boxed in exactly the type that is stored.</summary>
internal static class ScalarValue
{
    /// <summary>A scalar string longer than this is refused: it would sit in a JSON text that every reader parses.</summary>
    internal const int MaxStringBytes = 256 << 20;

    /// <summary>Null for a null array.</summary>
    internal static object? Read(ContainerArray array)
    {
        if (array.IsNull) { return null; }
        if (array.Type.IsString) { return ReadString(array); }
        Span<byte> bytes = stackalloc byte[16];
        bytes = bytes[..array.Type.Size];
        array.ReadRows(0, 1, bytes);
        return array.Type.Number!.Value.FromBytes(bytes);
    }

    private static object ReadString(ContainerArray array)
    {
        using StringCursor cursor = array.OpenStrings(0, 1);
        using StringBlock block = new();
        if (!cursor.Read(block) || block.Count == 0) { return ""; }
        if (block[0].Length > MaxStringBytes)
        {
            throw new UnsupportedContainerException(
                $"'{array.Path}' is one string of {block[0].Length:N0} bytes; at most {MaxStringBytes:N0} are read");
        }

        return Utf8.IsValid(block[0]) ? Encoding.UTF8.GetString(block[0]) : block[0].ToArray();
    }
}

/// <summary>How an array is stored, for people.</summary>
internal static class StorageText
{
    internal static string Of(ContainerArray array)
    {
        StorageSummary storage = array.Storage;
        StringBuilder text = new(array.Type.Description);
        text.Append(", ").Append(storage.Layout);
        if (storage.Chunk.Count > 0) { text.Append(' ').AppendJoin(" × ", storage.Chunk); }
        foreach (string filter in storage.Filters) { text.Append(", ").Append(filter); }
        return text.ToString();
    }
}
