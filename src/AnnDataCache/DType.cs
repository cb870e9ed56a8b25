using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace AnnDataCache;

/// <summary>Type of the numbers in an array, by numpy's names. Bytes are little-endian in every part.</summary>
public enum DType
{
    /// <summary>One byte, 0 or 1.</summary>
    Bool,
    /// <summary>Signed, 8 bits.</summary>
    Int8,
    /// <summary>Signed, 16 bits.</summary>
    Int16,
    /// <summary>Signed, 32 bits.</summary>
    Int32,
    /// <summary>Signed, 64 bits.</summary>
    Int64,
    /// <summary>Unsigned, 8 bits.</summary>
    UInt8,
    /// <summary>Unsigned, 16 bits.</summary>
    UInt16,
    /// <summary>Unsigned, 32 bits.</summary>
    UInt32,
    /// <summary>Unsigned, 64 bits.</summary>
    UInt64,
    /// <summary>IEEE 754 binary16.</summary>
    Float16,
    /// <summary>IEEE 754 binary32.</summary>
    Float32,
    /// <summary>IEEE 754 binary64.</summary>
    Float64,
    /// <summary>Two <see cref="Float32"/>: real, imaginary.</summary>
    Complex64,
    /// <summary>Two <see cref="Float64"/>: real, imaginary.</summary>
    Complex128,
}

/// <summary>Sizes and names of <see cref="DType"/>, and single numbers as bytes and as text.</summary>
public static class DTypes
{
    /// <summary>Bytes of one number.</summary>
    public static int Size(this DType type) => type switch
    {
        DType.Bool or DType.Int8 or DType.UInt8 => 1,
        DType.Int16 or DType.UInt16 or DType.Float16 => 2,
        DType.Int32 or DType.UInt32 or DType.Float32 => 4,
        DType.Int64 or DType.UInt64 or DType.Float64 or DType.Complex64 => 8,
        DType.Complex128 => 16,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a DType."),
    };

    /// <summary>numpy's name: <c>float32</c>, <c>uint8</c>, <c>bool</c>.</summary>
    public static string Name(this DType type) => type switch
    {
        DType.Bool => "bool",
        DType.Int8 => "int8",
        DType.Int16 => "int16",
        DType.Int32 => "int32",
        DType.Int64 => "int64",
        DType.UInt8 => "uint8",
        DType.UInt16 => "uint16",
        DType.UInt32 => "uint32",
        DType.UInt64 => "uint64",
        DType.Float16 => "float16",
        DType.Float32 => "float32",
        DType.Float64 => "float64",
        DType.Complex64 => "complex64",
        DType.Complex128 => "complex128",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a DType."),
    };

    /// <summary>The type that has this numpy name.</summary>
    /// <exception cref="FormatException">No such type.</exception>
    public static DType Parse(string name)
    {
        for (DType type = DType.Bool; type <= DType.Complex128; type++)
        {
            if (type.Name() == name) { return type; }
        }

        throw new FormatException($"'{name}' is not a number type; expected one of bool, int8 … complex128.");
    }

    /// <summary>The number whose little-endian bytes these are: a <see cref="bool"/>, <see cref="sbyte"/> … <see cref="Complex"/>.</summary>
    /// <param name="type">Type of the number.</param>
    /// <param name="bytes">At least as many as <see cref="Size"/> says.</param>
    public static object FromBytes(this DType type, ReadOnlySpan<byte> bytes) => type switch
    {
        DType.Bool => bytes[0] != 0,
        DType.Int8 => (sbyte)bytes[0],
        DType.UInt8 => bytes[0],
        DType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        DType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        DType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        DType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        DType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        DType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        DType.Float16 => BinaryPrimitives.ReadHalfLittleEndian(bytes),
        DType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        DType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        DType.Complex64 => new Complex(
            BinaryPrimitives.ReadSingleLittleEndian(bytes), BinaryPrimitives.ReadSingleLittleEndian(bytes[4..])),
        DType.Complex128 => new Complex(
            BinaryPrimitives.ReadDoubleLittleEndian(bytes), BinaryPrimitives.ReadDoubleLittleEndian(bytes[8..])),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a DType."),
    };

    /// <summary>The little-endian bytes of a number that <see cref="FromBytes"/> made.</summary>
    /// <exception cref="ArgumentException">The value is of another type.</exception>
    public static byte[] ToBytes(this DType type, object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        byte[] bytes = new byte[type.Size()];
        switch (value)
        {
            case bool flag: bytes[0] = flag ? (byte)1 : (byte)0; break;
            case sbyte small: bytes[0] = (byte)small; break;
            case byte small: bytes[0] = small; break;
            case short number: BinaryPrimitives.WriteInt16LittleEndian(bytes, number); break;
            case ushort number: BinaryPrimitives.WriteUInt16LittleEndian(bytes, number); break;
            case int number: BinaryPrimitives.WriteInt32LittleEndian(bytes, number); break;
            case uint number: BinaryPrimitives.WriteUInt32LittleEndian(bytes, number); break;
            case long number: BinaryPrimitives.WriteInt64LittleEndian(bytes, number); break;
            case ulong number: BinaryPrimitives.WriteUInt64LittleEndian(bytes, number); break;
            case Half number: BinaryPrimitives.WriteHalfLittleEndian(bytes, number); break;
            case float number: BinaryPrimitives.WriteSingleLittleEndian(bytes, number); break;
            case double number: BinaryPrimitives.WriteDoubleLittleEndian(bytes, number); break;
            case Complex number when type == DType.Complex64:
                BinaryPrimitives.WriteSingleLittleEndian(bytes, (float)number.Real);
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4), (float)number.Imaginary);
                break;
            case Complex number:
                BinaryPrimitives.WriteDoubleLittleEndian(bytes, number.Real);
                BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(8), number.Imaginary);
                break;
            default: throw new ArgumentException($"{value.GetType()} is no number of an AnnData file.", nameof(value));
        }

        return bytes;
    }

    /// <summary>The shortest decimal text that reads back as exactly this number.</summary>
    /// <remarks>.NET's own shortest text of ±2^-25 and ±2^-958 reads back as their neighbours; those get 17 digits.</remarks>
    public static string Text(double value)
    {
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return double.Parse(text, CultureInfo.InvariantCulture) == value ? text : value.ToString("G17", CultureInfo.InvariantCulture);
    }

    /// <summary>Checks that a .NET type is the one that holds numbers of a <see cref="DType"/>.</summary>
    /// <exception cref="ArgumentException">It is not; the message names the right one.</exception>
    internal static void Require<T>(DType type) where T : unmanaged
    {
        Type wanted = type switch
        {
            DType.Bool or DType.UInt8 => typeof(byte),
            DType.Int8 => typeof(sbyte),
            DType.Int16 => typeof(short),
            DType.Int32 => typeof(int),
            DType.Int64 => typeof(long),
            DType.UInt16 => typeof(ushort),
            DType.UInt32 => typeof(uint),
            DType.UInt64 => typeof(ulong),
            DType.Float16 => typeof(Half),
            DType.Float32 => typeof(float),
            DType.Float64 => typeof(double),
            DType.Complex128 => typeof(Complex),
            _ => typeof(byte),
        };
        if (typeof(T) != wanted)
        {
            throw new ArgumentException($"The numbers are {type.Name()}: ask for {wanted.Name}, not {typeof(T).Name}.", nameof(type));
        }
    }
}
