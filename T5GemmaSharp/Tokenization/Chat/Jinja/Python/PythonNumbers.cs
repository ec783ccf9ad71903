namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>Python's arithmetic. Integers are 64 bits wide; what goes beyond is an error.</summary>
internal static class PythonNumbers
{
    private const long ExactInReal = 1L << 53;

    /// <summary>Reads a number; a bool is one too.</summary>
    public static bool TryRead(object? value, out PythonNumber number)
    {
        number = value switch
        {
            long integer => new PythonNumber(integer, null),
            bool truth => new PythonNumber(truth ? 1 : 0, null),
            double real => new PythonNumber(0, real),
            _ => default,
        };
        return value is long or bool or double;
    }

    /// <summary>Order of two numbers, exact for every mixture of int and float; null when one is not a number.</summary>
    public static int? Compare(PythonNumber left, PythonNumber right)
    {
        if (left.Real is null && right.Real is null)
            return left.Integer.CompareTo(right.Integer);
        if (double.IsNaN(left.AsReal) || double.IsNaN(right.AsReal))
            return null;
        if (left.Real is { } leftReal && right.Real is { } rightReal)
            return leftReal.CompareTo(rightReal == 0 && leftReal == 0 ? leftReal : rightReal);
        return left.Real is { } real ? -CompareMixed(right.Integer, real) : CompareMixed(left.Integer, right.Real!.Value); // one of the two is a float
    }

    /// <summary>A binary operator on numbers.</summary>
    /// <exception cref="ChatTemplateException">Division by zero, or a result that is no float or 64-bit int.</exception>
    public static object Apply(RenderContext context, string symbol, PythonNumber left, PythonNumber right)
    {
        try
        {
            return left.Real is null && right.Real is null && symbol != "/"
                ? ApplyIntegers(context, symbol, left.Integer, right.Integer)
                : ApplyReals(context, symbol, left, right);
        }
        catch (OverflowException)
        {
            throw context.Fail($"the result of {left.Integer} {symbol} {right.Integer} is beyond 64 bits");
        }
    }

    /// <summary>Changes the sign.</summary>
    public static object Negate(RenderContext context, PythonNumber number)
    {
        if (number.Real is { } real)
            return -real;
        return number.Integer == long.MinValue ? throw context.Fail("the negated integer is beyond 64 bits") : -number.Integer;
    }

    private static int CompareMixed(long integer, double real)
    {
        if (real >= 9223372036854775808.0)
            return -1;
        if (real < -9223372036854775808.0)
            return 1;
        var floor = Math.Floor(real);
        var order = integer.CompareTo((long)floor);
        return order == 0 && real > floor ? -1 : order;
    }

    private static object ApplyIntegers(RenderContext context, string symbol, long left, long right)
    {
        switch (symbol)
        {
            case "+":
                return checked(left + right);
            case "-":
                return checked(left - right);
            case "*":
                return checked(left * right);
            case "**" when right < 0:
                return ApplyReals(context, symbol, new PythonNumber(0, left), new PythonNumber(0, right));
            case "**":
                return Power(left, right);
            default:
                if (right == 0)
                    throw context.Fail("integer division or modulo by zero");
                var quotient = checked(left / right);
                var remainder = right == -1 ? 0 : left % right;
                var isBelow = remainder != 0 && (remainder < 0) != (right < 0);
                return symbol == "//" ? quotient - (isBelow ? 1 : 0) : remainder + (isBelow ? right : 0);
        }
    }

    private static long Power(long value, long exponent)
    {
        var result = 1L;
        while (exponent > 0)
        {
            if ((exponent & 1) == 1)
                result = checked(result * value);
            exponent >>= 1;
            if (exponent > 0)
                value = checked(value * value);
        }

        return result;
    }

    private static double ApplyReals(RenderContext context, string symbol, PythonNumber leftNumber, PythonNumber rightNumber)
    {
        if (symbol == "/" && (IsInexact(leftNumber) || IsInexact(rightNumber)))
            throw context.Fail($"a division of integers beyond {ExactInReal} is not supported");
        var (left, right) = (leftNumber.AsReal, rightNumber.AsReal);
        if (right == 0 && (symbol is "/" or "//" or "%"))
            throw context.Fail("division by zero");
        return symbol switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            "**" => RealPower(context, left, right),
            "%" => Modulo(left, right),
            _ => FloorDivide(left, right),
        };
    }

    private static bool IsInexact(PythonNumber number)
        => number.Real is null && (number.Integer > ExactInReal || number.Integer < -ExactInReal);

    private static double RealPower(RenderContext context, double left, double right)
    {
        if (left == 0 && right < 0)
            throw context.Fail("0.0 cannot be raised to a negative power");
        var result = Math.Pow(left, right);
        if (double.IsNaN(result) && !double.IsNaN(left) && !double.IsNaN(right))
            throw context.Fail("a power that is a complex number is not supported");
        if (double.IsInfinity(result) && double.IsFinite(left) && double.IsFinite(right))
            throw context.Fail("the result of the power is too large");
        return result;
    }

    // The remainder has the sign of the divisor.
    private static double Modulo(double left, double right)
    {
        var remainder = left % right;
        if (remainder == 0)
            return Math.CopySign(0, right);
        return (remainder < 0) != (right < 0) ? remainder + right : remainder;
    }

    private static double FloorDivide(double left, double right)
    {
        var remainder = left % right;
        var quotient = (left - remainder) / right;
        if (remainder != 0 && (right < 0) != (remainder < 0))
            quotient--;
        if (quotient == 0)
            return Math.CopySign(0, left / right);
        var floor = Math.Floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }
}
