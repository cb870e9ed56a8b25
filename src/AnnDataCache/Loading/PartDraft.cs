using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>A part that is not yet written: its layout with all lengths, and who fills it.</summary>
internal abstract class PartDraft
{
    internal abstract PartLayout Layout { get; }

    /// <summary>Writes every buffer to its place, and sets the counts and flags that only the data can tell. The same bytes each time, also after a time that failed midway.</summary>
    internal abstract void Fill(ByteTarget target, ReadContext context);
}
