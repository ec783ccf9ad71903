#!/usr/bin/env dotnet
// Serves a model over HTTP, with OpenAI's paths; loopback only, unless --urls says otherwise.
//
//   dotnet run -c Release scripts/serve.cs                                            (weights/g2p on http://127.0.0.1:5080)
//   dotnet run -c Release scripts/serve.cs -- --model DIR --urls http://0.0.0.0:8080
//
// Every option is configuration: T5Gemma__NAME (T5GemmaOptions) and Serve__NAME (serve/ServeOptions.cs) in the environment, or --T5Gemma:NAME and --Serve:NAME.

#:sdk Microsoft.NET.Sdk.Web
#:project ../T5GemmaSharp/T5GemmaSharp.csproj
#:property AssemblyName=T5GemmaSharp.Serve
#:property EnableDefaultRunWorkingDirectory=false
#:include serve/*.cs

using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Serve;

const string DefaultUrl = "http://127.0.0.1:5080";
const string OwnModel = "weights/g2p";

var builder = WebApplication.CreateBuilder(args);
var configuration = builder.Configuration;
configuration["urls"] ??= DefaultUrl;
var isLocal = configuration["urls"]!.Split(';').All(IsLoopback);
if (isLocal && configuration["AllowedHosts"] is null or "*")
    configuration["AllowedHosts"] = "localhost;127.0.0.1;[::1]"; // a page elsewhere could point its own name at this machine
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None); // who asks is told; a model that loads is no error

builder.Services.AddT5Gemma(options => options.ModelPath = configuration["model"] ?? OwnFolder());
builder.Services.AddT5Gemma(configuration.GetSection("T5Gemma"));
builder.Services.AddHealthChecks().AddT5Gemma().AddCheck<Draining>("draining", tags: [T5GemmaHealthCheckExtensions.ReadyTag]);
builder.Services.Configure<ServeOptions>(configuration.GetSection("Serve"));
builder.Services.AddSingleton<Draining>().AddHostedService(provider => provider.GetRequiredService<Draining>());
builder.Services.AddSingleton<ErrorTexts>().AddSingleton<ServedModel>().AddSingleton<Completions>().AddSingleton<ChatCompletions>().AddSingleton<OtherEndpoints>();
builder.Services.AddSingleton(_ => new Metrics(T5GemmaTelemetry.MeterName, "Microsoft.AspNetCore.Hosting"));
builder.Services.AddOptions<HostOptions>().Configure<IOptions<T5GemmaOptions>>((host, model) =>
    host.ShutdownTimeout = model.Value.DrainTimeout == Timeout.InfiniteTimeSpan ? Timeout.InfiniteTimeSpan : model.Value.DrainTimeout + TimeSpan.FromSeconds(10));
builder.WebHost.ConfigureKestrel((_, kestrel) =>
{
    var limits = configuration.GetSection("Serve").Get<ServeOptions>() ?? new ServeOptions();
    kestrel.AddServerHeader = false;
    kestrel.Limits.MaxRequestBodySize = limits.MaxBodyBytes;
    kestrel.Limits.MaxConcurrentConnections = limits.MaxConnections;
});

WebApplication app;
try
{
    app = builder.Build(); // reads the options of the model
}
catch (OptionsValidationException fault)
{
    Console.Error.WriteLine($"error: {fault.Message}");
    return 2;
}

app.Services.GetRequiredService<Metrics>(); // before the first measurement
app.Use((context, next) =>
{
    context.Response.Headers.XContentTypeOptions = "nosniff";
    return next(context);
});
app.UseMiddleware<ErrorResponses>();
app.UseMiddleware<ApiKeys>();
app.Use(app.Services.GetRequiredService<Draining>().InvokeAsync);

app.MapGet("/", Page.WriteAsync);
app.MapPost("/v1/completions", (HttpContext context, Completions endpoint) => endpoint.AnswerAsync(context));
app.MapPost("/v1/chat/completions", (HttpContext context, ChatCompletions endpoint) => endpoint.AnswerAsync(context));
app.MapPost("/v1/embeddings", (HttpContext context, OtherEndpoints endpoint) => endpoint.EmbedAsync(context));
app.MapGet("/v1/models", (HttpContext context, OtherEndpoints endpoint) => endpoint.ListAsync(context));
app.MapGet("/v1/models/{**name}", (HttpContext context, OtherEndpoints endpoint) => endpoint.ShowAsync(context));
app.MapPost("/classify", (HttpContext context, OtherEndpoints endpoint) => endpoint.ClassifyAsync(context));
app.MapPost("/tokenize", (HttpContext context, OtherEndpoints endpoint) => endpoint.TokenizeAsync(context));
app.MapGet("/metrics", (Metrics metrics) => Results.Text(metrics.Write(), Metrics.ContentType));
app.MapHealthChecks("/health/live", Checks(T5GemmaHealthCheckExtensions.LiveTag));
app.MapHealthChecks("/health/ready", Checks(T5GemmaHealthCheckExtensions.ReadyTag));

if (!isLocal && string.IsNullOrEmpty(configuration["Serve:ApiKey"]))
    ServeLog.NoKey(app.Logger);
app.Run();
return 0;

static HealthCheckOptions Checks(string tag) => new() { Predicate = check => check.Tags.Contains(tag) };

static bool IsLoopback(string url) => Uri.TryCreate(url, UriKind.Absolute, out var address) && address.IsLoopback;

// Of the repository, wherever the script is run from.
static string OwnFolder() => AppContext.GetData("EntryPointFileDirectoryPath") is string scripts ? Path.Combine(scripts, "..", OwnModel) : OwnModel;
