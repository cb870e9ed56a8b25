namespace AnnDataCache.Parts;

/// <summary>The file is not a part, or a damaged one: it is dropped and its element decoded again.</summary>
internal sealed class PartException(string message, Exception? inner = null) : Exception(message, inner);
