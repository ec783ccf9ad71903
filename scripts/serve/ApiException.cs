namespace T5GemmaSharp.Serve;

/// <summary>A request is refused, in the form that OpenAI's clients read.</summary>
internal sealed class ApiException(int status, string type, string? code, string? parameter, string message) : Exception(message)
{
    public const string InvalidRequest = "invalid_request_error";
    public const string ServerError = "server_error";

    public int Status => status;

    public ErrorBody Body => new(new ErrorDetail(Message, type, parameter, code));

    /// <summary>400: a field has a value that cannot be.</summary>
    public static ApiException Value(string parameter, string expected, string actual) => Invalid("invalid_value", parameter, $"{parameter}: expected {expected}, got {actual}");

    /// <summary>400: a field, or this value of it, asks for what the model cannot do.</summary>
    public static ApiException Unsupported(string parameter, string why) => Invalid("unsupported_parameter", parameter, $"{parameter}: {why}");

    /// <summary>400.</summary>
    public static ApiException Invalid(string code, string? parameter, string message) => new(StatusCodes.Status400BadRequest, InvalidRequest, code, parameter, message);
}

/// <summary>The body of every answer that is not a success.</summary>
internal sealed record ErrorBody(ErrorDetail Error);

/// <summary>What is wrong.</summary>
internal sealed record ErrorDetail(string Message, string Type, string? Param, string? Code);
