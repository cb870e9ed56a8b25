using System.Numerics;

namespace AnnDataCache.Summaries;

/// <summary>Work that is compiled for each type of numbers.</summary>
internal interface INumberVisitor<out TResult>
{
    TResult Visit<T>() where T : unmanaged, INumberBase<T>;
}

/// <summary>From a <see cref="DType"/>, known at run time, to code that knows the type of the numbers.</summary>
internal static class NumberTypes
{
    /// <exception cref="ElementException">Complex numbers, which have no order and no place in a float.</exception>
    internal static TResult Visit<TVisitor, TResult>(DType type, ref TVisitor visitor, string element)
        where TVisitor : struct, INumberVisitor<TResult> => type switch
        {
            DType.Bool or DType.UInt8 => visitor.Visit<byte>(),
            DType.Int8 => visitor.Visit<sbyte>(),
            DType.Int16 => visitor.Visit<short>(),
            DType.Int32 => visitor.Visit<int>(),
            DType.Int64 => visitor.Visit<long>(),
            DType.UInt16 => visitor.Visit<ushort>(),
            DType.UInt32 => visitor.Visit<uint>(),
            DType.UInt64 => visitor.Visit<ulong>(),
            DType.Float16 => visitor.Visit<Half>(),
            DType.Float32 => visitor.Visit<float>(),
            DType.Float64 => visitor.Visit<double>(),
            _ => throw new ElementException(
                CacheError.ElementUnreadable, $"'{element}' holds {type.Name()} numbers; integers, bools and real numbers are wanted."),
        };
}
